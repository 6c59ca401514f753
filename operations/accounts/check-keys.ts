import { statSync } from 'node:fs';
import { keysPath, readKeys } from '../../auth-server/accounts/vault/keys.ts';
import { createVault } from '../../auth-server/accounts/vault/vault.ts';
import { ConfigError } from '../../common/text/config-error.ts';
import { dataFolder } from '../data-folder.ts';
import { type Finding, fail, ok, shown, warn } from '../doctor/finding.ts';
import { rowsOf } from '../doctor/registered.ts';
import type { Setup } from '../doctor/setup.ts';

const check = 'accounts';

/** Do the keys open all tokens of people for MCP servers? Reads the auth-server's database, if it is here; changes nothing. */
export async function checkAccountKeys(setup: Setup): Promise<Finding[]> {
  const rows = await rowsOf(setup, 'auth-server.db', 'select key, locked from account');
  if (rows.length === 0) return [];
  const { env, root } = setup;
  const dataDir = dataFolder(env, root);
  const isShared = Boolean(env.DATABASE_URL?.trim());
  try {
    const path = keysPath({ named: env.ACCOUNTS_KEY_FILE?.trim() || undefined, dataDir, isShared });
    const keys = await readKeys({ named: path, dataDir, isShared });
    return [...openFile(path), await opened(rows as { key: string; locked: string }[], keys)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const todo = 'restore the file: without it these people have to connect again';
    return [fail(check, `${people(rows.length)}, and their keys are not here: ${shown(error.faults[0])}`, todo)];
  }
}

function openFile(path: string): Finding[] {
  if ((statSync(path).mode & 0o077) === 0) return [];
  return [warn(check, `${shown(path)} can be read by other users of this machine`, `chmod 600 ${shown(path)}`)];
}

async function opened(rows: readonly { key: string; locked: string }[], keys: readonly string[]): Promise<Finding> {
  const vault = createVault(() => keys);
  let unopened = 0;
  for (const { key, locked } of rows) if ((await vault.open(key, locked)) === undefined) unopened++;
  if (unopened === 0) return ok(check, `${people(rows.length)}, and the keys open all of them`);
  const todo = 'put the missing key back into ACCOUNTS_KEY_FILE, or let these people connect again';
  return warn(check, `${people(rows.length)}, and no key opens ${unopened} of them`, todo);
}

function people(count: number): string {
  return count === 1
    ? '1 account of a person at an MCP server is kept'
    : `${count} accounts of people at MCP servers are kept`;
}
