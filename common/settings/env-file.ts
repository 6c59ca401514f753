import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { textOf } from '../files/text-of.ts';
import { home } from './values.ts';

/**
 * Reads the settings of the operator's folder: those of `.env`, or of `.env.example` if there is none. The environment takes precedence.
 * @returns the settings, and the name of the file
 */
export function readEnvFile(environment: NodeJS.ProcessEnv, folder = home): { env: NodeJS.ProcessEnv; file: string } {
  const file = existsSync(join(folder, '.env')) ? '.env' : '.env.example';
  const path = join(folder, file);
  // An image has neither file.
  return { env: { ...(existsSync(path) && parseEnvFile(path)), ...environment }, file };
}

/**
 * Reads the variables of one file. Editors on Windows save it with a byte order mark, some as UTF-16.
 * @throws what reading the file throws
 */
export function parseEnvFile(path: string): NodeJS.Dict<string> {
  return parseEnv(textOf(readFileSync(path)));
}
