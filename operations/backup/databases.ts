import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';

/** Something that keeps a backup or a restore from being made; the message says what to do. */
export class BackupError extends Error {}

const secretKey = 'secret-key';
const isDatabase = (name: string) => name.endsWith('.db');

/**
 * Copies the SQLite databases of a data folder while they are in use, each as it was at one moment, and the generated
 * `SECRET_KEY` if there is one: without it, refresh tokens in the copy could not be opened.
 * @param dataDir the folder of the databases
 * @param target a folder, made if it is not there; readable for this user only
 * @returns the names of the files
 * @throws {BackupError} if there is nothing to copy, or a file of that name is there already
 */
export async function copyDatabases(dataDir: string, target: string): Promise<string[]> {
  const found = existsSync(dataDir) ? readdirSync(dataDir) : [];
  const names = found.filter(isDatabase);
  if (names.length === 0) throw new BackupError(`${dataDir} holds no database: is it the data folder of the gateway?`);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const all = [...names, ...(found.includes(secretKey) ? [secretKey] : [])];
  const taken = all.find((name) => existsSync(join(target, name)));
  if (taken) throw new BackupError(`${join(target, taken)} is there already: a backup never replaces another one`);
  for (const name of names) await copyDatabase(join(dataDir, name), join(target, name));
  if (all.includes(secretKey)) copyPrivately(join(dataDir, secretKey), join(target, secretKey));
  return all.sort();
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
 * Puts a backup in place of the databases of a data folder. What was there is kept beside it as `….before-restore`.
 * @param source a folder made by {@link copyDatabases}
 * @returns the names of the files
 * @throws {BackupError} if the backup is damaged, or a service still has a database open; nothing is changed then
 */
export function restoreDatabases(source: string, dataDir: string): string[] {
  const found = existsSync(source) ? readdirSync(source) : [];
  const names = found.filter((name) => isDatabase(name) || name === secretKey);
  if (!names.some(isDatabase)) throw new BackupError(`${source} holds no database: is it a backup?`);
  for (const name of names.filter(isDatabase)) check(join(source, name));
  for (const name of names.filter(isDatabase)) refuseInUse(join(dataDir, name));
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  for (const name of names) {
    const place = join(dataDir, name);
    for (const rest of ['-wal', '-shm']) rmSync(place + rest, { force: true });
    if (existsSync(place)) renameSync(place, `${place}.before-restore`);
    copyPrivately(join(source, name), place);
  }
  return names.sort();
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
  if (result !== 'ok') throw new BackupError(`${path} is damaged: ${result}`);
}

/** SQLite leaves its write-ahead log only when nobody else has the database open; the next start goes back to it. */
function refuseInUse(path: string): void {
  if (!existsSync(path)) return;
  const database = new DatabaseSync(path, { timeout: 500 });
  try {
    database.exec('PRAGMA journal_mode=DELETE');
  } catch {
    throw new BackupError(`${path} is in use: stop the gateway first, or it would write over what is brought back`);
  } finally {
    database.close();
  }
}
