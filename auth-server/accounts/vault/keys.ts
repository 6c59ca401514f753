import { randomBytes } from 'node:crypto';
import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isWeakKey } from '../../../common/settings/weak-key.ts';
import { ConfigError } from '../../../common/text/config-error.ts';

/** Name of the made key's file in the data folder. */
export const madeKeysFile = 'accounts-keys';

const shortest = 32;

/** Where the keys are that lock people's tokens. */
export interface KeysPlace {
  /** ACCOUNTS_KEY_FILE: is never made. */
  named: string | undefined;
  /** Holds the made key where no file is named. */
  dataDir: string;
  /** Whether the database is one that several machines may share: then none of them may make a key of its own. */
  isShared: boolean;
}

/** The path of the keys. @throws {ConfigError} if a file has to be named */
export function keysPath({ named, dataDir, isShared }: KeysPlace): string {
  if (named !== undefined) return named;
  if (!isShared) return join(dataDir, madeKeysFile);
  const todo = 'name a file that all machines have alike, such as one made with: npm run -s secret-key > accounts-keys';
  throw new ConfigError([
    `ACCOUNTS_KEY_FILE is needed with DATABASE_URL and accounts in UPSTREAM_SECRETS_FILE: ${todo}`,
  ]);
}

/**
 * Reads the keys, one in each line: the first locks, all open. Makes one at the first use, unless a file was named.
 * @throws {ConfigError} if there are none, or one is too short or easy to guess
 */
export async function readKeys(place: KeysPlace): Promise<string[]> {
  const path = keysPath(place);
  const text = await readFile(path, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' || place.named !== undefined)
      throw new ConfigError([`ACCOUNTS_KEY_FILE: ${path} cannot be read (${error.code ?? error.message})`]);
    make(path);
    return await readFile(path, 'utf8');
  });
  return parseKeys(text);
}

/** @throws {ConfigError} whose faults hold nothing of a key */
export function parseKeys(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const faults = lines.flatMap((line, index) => {
    if (line === '') return [];
    if (line.length < shortest) return [`line ${index + 1}: has fewer than ${shortest} characters`];
    return isWeakKey(line) ? [`line ${index + 1}: is easy to guess: npm run -s secret-key makes a random one`] : [];
  });
  const keys = lines.filter((line) => line !== '');
  if (keys.length === 0) faults.push('holds no key: npm run -s secret-key makes one');
  if (new Set(keys).size < keys.length) faults.push('has a key twice');
  if (faults.length > 0) throw new ConfigError(faults, 'ACCOUNTS_KEY_FILE');
  return keys;
}

/** Several processes may start at once: unlike a rename, a link never replaces the key of the first one. */
function make(path: string): void {
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  writeFileSync(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
}
