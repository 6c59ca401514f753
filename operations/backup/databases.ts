import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { madeKeysFile } from '../../auth-server/accounts/vault/keys.ts';
import { home } from '../../common/settings/values.ts';
import { CommandError } from '../command.ts';
import { dropHolds } from './holds.ts';
import { refuseNewer } from './newer.ts';

const secretKey = 'secret-key';
const auditDatabase = 'audit.db';
/** The file of a day of the audit: `audit-2026-11-29.db`. */
const dayOfAudit = /^audit-.*\.db$/;
/** Counts of calls in windows that are over when they would be restored. */
const counts = 'limits.db';
const isDatabase = (name: string) => name.endsWith('.db') && name !== counts;

/** The data folder that the commands work on: `UP_DATA_DIR`, or `data` in the project. */
export function dataDirOf(env: NodeJS.ProcessEnv): string {
  return resolve(home, env.UP_DATA_DIR || 'data');
}

/** Calls `work` with an empty temporary folder, and removes the folder afterwards. */
export async function inDraftFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'backup-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Copies the SQLite databases of a data folder while they are in use, each as it was at one moment, and the generated
 * `SECRET_KEY` if there is one: without it, the refresh tokens in the copy cannot be decrypted.
 * @param dataDir the folder of the databases
 * @param target a folder, created if it does not exist; only this user can read it
 * @param withAccountsKey also copies the made keys that lock people's tokens for MCP servers. Without them the copy discloses no
 *   token, and after a restore elsewhere people connect their accounts again
 * @returns the names of the files
 * @throws {CommandError} if there is nothing to copy, or the target has a file of that name already
 */
export async function copyDatabases(dataDir: string, target: string, withAccountsKey = false): Promise<string[]> {
  const found = existsSync(dataDir) ? readdirSync(dataDir) : [];
  const names = found.filter(isDatabase);
  if (names.length === 0)
    throw new CommandError(`${dataDir} holds no database: is it the data folder of the gateway?`, 1);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const keys = withAccountsKey ? [secretKey, madeKeysFile] : [secretKey];
  const all = [...names, ...keys.filter((name) => found.includes(name))];
  const taken = all.find((name) => existsSync(join(target, name)));
  if (taken) throw new CommandError(`${join(target, taken)} is there already: a backup never replaces another one`, 1);
  // The records of the audit last: a statement in `audit.db` about records that are not in the copy would look like a theft.
  const isDay = (name: string) => dayOfAudit.test(name);
  const ordered = [...names.filter((name) => !isDay(name)), ...names.filter(isDay)];
  // A day that is dropped meanwhile is not opened: that would make an empty file.
  for (const name of ordered)
    if (existsSync(join(dataDir, name))) await copyDatabase(join(dataDir, name), join(target, name));
  dropHolds(target);
  for (const name of keys) if (all.includes(name)) copyPrivately(join(dataDir, name), join(target, name));
  return all.filter((name) => existsSync(join(target, name))).sort();
}

async function copyDatabase(from: string, to: string): Promise<void> {
  const database = new DatabaseSync(from, { timeout: 5_000 });
  try {
    await backup(database, to);
    chmodSync(to, 0o600);
  } finally {
    database.close();
  }
  check(to);
}

/**
 * Puts a backup in place of the databases of a data folder. The replaced files are kept beside them as `….before-restore`.
 * @param source a folder made by {@link copyDatabases}
 * @returns the names of the files
 * @throws {CommandError} if the backup is damaged or of a newer version, or a service still has a database open; nothing is changed
 *   then
 */
export function restoreDatabases(source: string, dataDir: string): string[] {
  const found = existsSync(source) ? readdirSync(source) : [];
  const names = found.filter((name) => isDatabase(name) || name === secretKey || name === madeKeysFile);
  if (!names.some(isDatabase)) throw new CommandError(`${source} holds no database: is it a backup?`, 1);
  for (const name of names.filter(isDatabase)) check(join(source, name));
  for (const name of names.filter(isDatabase)) refuseNewer(join(source, name));
  for (const name of names.filter(isDatabase)) refuseInUse(join(dataDir, name));
  const later = names.includes(auditDatabase) ? daysBeside(dataDir, names) : [];
  for (const name of later) refuseInUse(join(dataDir, name));
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  for (const name of [...names, ...later]) putAside(join(dataDir, name));
  for (const name of names) copyPrivately(join(source, name), join(dataDir, name));
  dropHolds(dataDir);
  return names.sort();
}

/** Days of the audit that a backup does not have. The audit of the backup knows nothing of their writers. */
function daysBeside(dataDir: string, names: readonly string[]): string[] {
  const found = existsSync(dataDir) ? readdirSync(dataDir) : [];
  return found.filter((name) => dayOfAudit.test(name) && !names.includes(name));
}

function putAside(place: string): void {
  for (const rest of ['-wal', '-shm']) rmSync(place + rest, { force: true });
  if (existsSync(place)) renameSync(place, `${place}.before-restore`);
}

/**
 * Ends all sessions and the access of all clients in a restored data folder, and refuses every token that was issued until now.
 * Otherwise what was ended since the backup would be valid again. By SQL: an older release may be started next, and could not
 * read tables that this one has migrated.
 * @param now seconds since 1970
 * @returns whether the folder has the database of an auth-server
 */
export function endAccess(dataDir: string, now: number): boolean {
  const path = join(dataDir, 'auth-server.db');
  if (!existsSync(path)) return false;
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
    const has = (name: string) => tables.some((table) => table.name === name);
    if (has('session')) database.exec('delete from session');
    const everybody = "insert into revocation (kind, value, at) values ('everybody', '', ?)";
    if (has('revocation'))
      database.prepare(`${everybody} on conflict (kind, value) do update set at = excluded.at`).run(now);
  } finally {
    database.close();
  }
  return true;
}

/**
 * Lets people's tokens for MCP servers in a restored data folder be used only after their provider has confirmed them by a refresh:
 * some may have been disconnected since the backup.
 */
export function doubtAccounts(dataDir: string): void {
  const path = join(dataDir, 'auth-server.db');
  if (!existsSync(path)) return;
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    const isThere = database.prepare("select name from sqlite_master where type = 'table' and name = 'account'").get();
    if (isThere) database.exec('update account set confirmed = 0, leased_until = 0');
  } finally {
    database.close();
  }
}

function copyPrivately(from: string, to: string): void {
  copyFileSync(from, to);
  chmodSync(to, 0o600);
}

function check(path: string): void {
  let result: unknown;
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    result = database.prepare('PRAGMA integrity_check').get()?.integrity_check;
    database.close();
  } catch (error) {
    result = error instanceof Error ? error.message : error;
  }
  if (result !== 'ok') throw new CommandError(`${path} is damaged: ${result}`, 1);
}

/** SQLite can leave WAL mode only while no other process has the database open. The next start goes back to WAL. */
function refuseInUse(path: string): void {
  if (!existsSync(path)) return;
  const database = new DatabaseSync(path, { timeout: 500 });
  try {
    database.exec('PRAGMA journal_mode=DELETE');
  } catch {
    throw new CommandError(`${path} is in use: stop the gateway first, or it would overwrite what is restored`, 1);
  } finally {
    database.close();
  }
}
