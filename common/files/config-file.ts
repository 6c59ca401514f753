import { readFileSync } from 'node:fs';
import { ConfigError } from '../text/config-error.ts';

/**
 * Reads a file that a setting names.
 * @param parse reads its text; throws {@link ConfigError} with the faults of the text
 * @throws {ConfigError} with every fault, each beginning with the setting and the path
 */
export function readConfigFile<T>(setting: string, path: string, parse: (text: string) => T): T {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw configFileError(setting, path, error);
  }
}

/** Puts the setting and the path in front of what keeps a file from being used. */
export function configFileError(setting: string, path: string, error: unknown): ConfigError {
  if (error instanceof ConfigError) return new ConfigError(error.faults.map((fault) => `${setting} ${path}: ${fault}`));
  const { code, message } = error as NodeJS.ErrnoException;
  return new ConfigError([`${setting} ${path} cannot be read (${code ?? message})`]);
}
