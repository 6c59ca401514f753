import type { ServerSetUp } from '../set-ups.ts';
import { goServers } from './go.ts';
import { pythonServers } from './python.ts';
import { typescriptServers } from './typescript.ts';

/** Every server. The clients talk to the first. */
export const servers: ServerSetUp[] = [...typescriptServers, ...pythonServers, ...goServers];
