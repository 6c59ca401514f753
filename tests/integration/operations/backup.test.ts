import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { copyDatabases, restoreDatabases } from '../../../operations/backup/databases.ts';
import { CommandError } from '../../../operations/command.ts';

let folder: string;
let data: string;
let open: DatabaseSync;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backup-test-'));
  data = mkdtempSync(join(folder, 'data-'));
  open = new DatabaseSync(join(data, 'registry.db'));
  open.exec("PRAGMA journal_mode=WAL; create table server (name text); insert into server values ('kept')");
  writeFileSync(join(data, 'secret-key'), 'k'.repeat(64));
});
afterEach(() => {
  if (open.isOpen) open.close();
  rmSync(folder, { recursive: true, force: true });
});

const namesIn = (path: string) => {
  const database = new DatabaseSync(path);
  const rows = database.prepare('select name from server').all();
  database.close();
  return rows.map(({ name }) => name);
};

test('A backup made while the database is open holds the newest writes, which a copied file would lack', async () => {
  expect(await copyDatabases(data, join(folder, 'copy'))).toEqual(['registry.db', 'secret-key']);
  expect(namesIn(join(folder, 'copy', 'registry.db'))).toEqual(['kept']);
  expect(statSync(join(data, 'registry.db-wal')).size).toBeGreaterThan(0);
});

test('Only its owner can read a backup', async () => {
  await copyDatabases(data, join(folder, 'copy'));
  for (const name of ['registry.db', 'secret-key']) {
    expect(statSync(join(folder, 'copy', name)).mode & 0o077).toBe(0);
  }
  expect(statSync(join(folder, 'copy')).mode & 0o077).toBe(0);
});

test('A second backup to the same folder is refused and does not change the first', async () => {
  await copyDatabases(data, join(folder, 'copy'));
  open.exec("insert into server values ('later')");
  await expect(copyDatabases(data, join(folder, 'copy'))).rejects.toThrow(/is there already/);
  expect(namesIn(join(folder, 'copy', 'registry.db'))).toEqual(['kept']);
});

test('A folder without a database is refused as data folder and as backup', async () => {
  await expect(copyDatabases(join(folder, 'nothing'), join(folder, 'copy'))).rejects.toThrow(CommandError);
  expect(() => restoreDatabases(join(folder, 'nothing'), data)).toThrow(CommandError);
});

test('A restore puts the backup in place and keeps the files that it replaces', async () => {
  await copyDatabases(data, join(folder, 'copy'));
  open.exec("delete from server; insert into server values ('wrong')");
  open.close();
  restoreDatabases(join(folder, 'copy'), data);
  expect(namesIn(join(data, 'registry.db'))).toEqual(['kept']);
  expect(namesIn(join(data, 'registry.db.before-restore'))).toEqual(['wrong']);
});

test('A restore is refused while a process has the database open, and changes nothing', async () => {
  await copyDatabases(data, join(folder, 'copy'));
  open.exec("insert into server values ('newer')");
  expect(() => restoreDatabases(join(folder, 'copy'), data)).toThrow(/in use: stop the gateway/);
  expect(namesIn(join(data, 'registry.db'))).toEqual(['kept', 'newer']);
});

test('A damaged backup is refused before anything is changed', async () => {
  await copyDatabases(data, join(folder, 'copy'));
  open.close();
  const copy = join(folder, 'copy', 'registry.db');
  writeFileSync(copy, readFileSync(copy).fill(0, 0, 200));
  expect(() => restoreDatabases(join(folder, 'copy'), data)).toThrow(/is damaged/);
  expect(existsSync(join(data, 'registry.db.before-restore'))).toBe(false);
});

test('The commands report what they did, and an archive restores the same data', () => {
  const command = (file: string, args: string[], input?: Buffer) =>
    execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], {
      env: { ...process.env, UP_DATA_DIR: data },
      ...(input && { input }),
    });
  expect(String(command('operations/backup/main.ts', [join(folder, 'copy')]))).toContain(
    'holds registry.db, secret-key.',
  );
  const archive = command('operations/backup/main.ts', ['--archive', data]);
  open.exec('delete from server');
  open.close();
  expect(String(command('operations/backup/restore/main.ts', ['--archive', data], archive))).toContain('registry.db');
  expect(namesIn(join(data, 'registry.db'))).toEqual(['kept']);
});
