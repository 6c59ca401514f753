import { runServer } from '../run.ts';
import { createApp } from './server.ts';

await runServer('mcpgw', process.env, (log, config) => createApp(log, config.REGISTRY_INTERNAL_URL));
