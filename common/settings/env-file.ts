import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { root } from './values.ts';

/**
 * Reads the settings of the project: those of `.env`, or of `.env.example` if there is none. The environment takes precedence.
 * @returns the settings, and the name of the file
 */
export function readEnvFile(environment: NodeJS.ProcessEnv, folder = root): { env: NodeJS.ProcessEnv; file: string } {
  const file = existsSync(join(folder, '.env')) ? '.env' : '.env.example';
  const path = join(folder, file);
  // An image has neither file.
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return { env: { ...parseEnv(text), ...environment }, file };
}
