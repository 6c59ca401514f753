import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { openAuditDatabase } from '../../../auth-server/audit/store/database.ts';
import { dayOf } from '../../../auth-server/audit/store/days.ts';
import { changes, type Schema } from '../../../auth-server/store/migrations.ts';
import { openStore } from '../../../auth-server/store/store.ts';
import { migrate } from '../../../common/database/migrations.ts';
import { openSqlite } from '../../../common/database/sqlite.ts';
import { run as verify } from '../../../operations/audit/verify.ts';
import { copyDatabases, restoreDatabases } from '../../../operations/backup/databases.ts';
import { run } from '../../../operations/backup/restore/main.ts';
import { CommandError } from '../../../operations/command.ts';
import { revoke } from '../../../operations/revoke/revoke.ts';
import { parseServers } from '../../../registry/store/servers-file.ts';
import { openStore as openRegistry } from '../../../registry/store/store.ts';
import { openAuditHere } from '../../support/auth-server/audit-here.ts';
import { toolCallRecord, writerOf } from '../../support/auth-server/audit-records.ts';
import { now, sessionRecord } from '../../support/auth-server/auth-fixture.ts';
import { runCommand } from '../../support/operations/run-command.ts';

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

test('Counts of calls are in no backup, and a restore leaves them', async () => {
  const counts = new DatabaseSync(join(data, 'limits.db'));
  counts.exec('create table limit_count (calls integer)');
  counts.close();
  expect(await copyDatabases(data, join(folder, 'copy'))).toEqual(['registry.db', 'secret-key']);
  open.close();
  expect(restoreDatabases(join(folder, 'copy'), data)).toEqual(['registry.db', 'secret-key']);
  expect(existsSync(join(data, 'limits.db'))).toBe(true);
  expect(existsSync(join(data, 'limits.db.before-restore'))).toBe(false);
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

test('The audit is in the backup with its days; after a restore, days that the backup does not have are put aside', async () => {
  open.close();
  const past = Date.now() - 86_400_000;
  const [before, today] = [dayOf(past), dayOf(Date.now())];
  const database = await openAuditDatabase(data);
  const writer = writerOf(database);
  await writer.write(toolCallRecord(past));
  expect(await copyDatabases(data, join(folder, 'copy'))).toContain(`audit-${before}.db`);
  await writer.write(toolCallRecord(past), toolCallRecord(Date.now()));
  await database.close();
  restoreDatabases(join(folder, 'copy'), data);
  const restored = await openAuditDatabase(data);
  expect(await restored.days()).toEqual([before]);
  expect(await restored.day(before).selectFrom('decision').select('number').execute()).toEqual([{ number: 1 }]);
  await restored.close();
  expect(existsSync(join(data, `audit-${today}.db.before-restore`))).toBe(true);
});

test('After a restore the audit is whole up to the backup, whatever was signed since, and goes on from there', async () => {
  open.close();
  const verified = async () => {
    const { stdout } = await runCommand(verify, ['--json'], { env: { DATA_DIR: data } });
    const { whole, records, statements, dropped } = JSON.parse(stdout);
    return { whole, records, statements, dropped };
  };
  const runs = async (during?: () => Promise<unknown>) => {
    const audit = await openAuditHere(data);
    audit.add(JSON.stringify(toolCallRecord(Date.now())));
    await audit.ask('servers', {});
    await during?.();
    audit.add(JSON.stringify(toolCallRecord(Date.now())));
    await audit.close();
  };
  await runs();
  await runs(() => copyDatabases(data, join(folder, 'copy')));
  expect(await verified()).toEqual({ whole: true, records: 8, statements: 2, dropped: 0 });
  restoreDatabases(join(folder, 'copy'), data);
  expect(await verified()).toEqual({ whole: true, records: 6, statements: 1, dropped: 0 });
  await runs();
  expect(await verified()).toEqual({ whole: true, records: 10, statements: 2, dropped: 0 });
});

test('A set is in the backup with its servers and tools, and there again after a restore', async () => {
  open.close();
  rmSync(join(data, 'registry.db'));
  const members = [{ server: 'notes', tools: ['read'], prefix: 'never' as const }];
  const [next] = parseServers(JSON.stringify([{ name: 'team', title: 'T', description: 'D', members }]));
  const by = { sub: 'a', username: 'alice' };
  const store = await openRegistry(join(data, 'registry.db'));
  const made = await store.change({ name: 'team', revision: undefined, next, action: 'register', by });
  await copyDatabases(data, join(folder, 'copy'));
  await store.change({ name: 'team', revision: made?.revision, next: undefined, action: 'delete', by });
  await store.close();
  restoreDatabases(join(folder, 'copy'), data);
  const restored = await openRegistry(join(data, 'registry.db'));
  expect([restored.get('team'), restored.get('team')?.members]).toEqual([made, members]);
  await restored.close();
});

test('The versions of the policy are in the backup, and a restore says which one is in force again', async () => {
  const by = { sub: 'sub-ada', name: 'ada' };
  const made = (text: string, parent: number | null) => ({
    ...{ version: text, parent, by, why: 'for this test', source: 'page' as const, text },
  });
  const store = await openStore(data);
  await store.policyVersions.add(made('one', null));
  const second = await store.policyVersions.add(made('two', 1));
  const judged = { reasons: [], differences: [], more: 0 };
  const waits = await store.policyProposals.add({ ...judged, base: 2, by, why: 'w', source: 'page', text: 'three' });
  await copyDatabases(data, join(folder, 'copy'));
  await store.policyVersions.add(made('lost', 2));
  await store.close();
  open.close();
  const { stdout } = await runCommand(run, [join(folder, 'copy')], { env: { UP_DATA_DIR: data } });
  expect(stdout).toContain(`version 2 of the policy is in force, of ${second?.at}`);
  const restored = await openStore(data);
  expect(await restored.policyVersions.get(2)).toEqual({ ...second, text: 'two' });
  expect(await restored.policyVersions.newest()).toEqual({ number: 2, version: 'two' });
  expect(await restored.policyProposals.list()).toEqual([waits]);
  await restored.close();
});

/** A registry without servers in place of the one that is there, and a server to register. */
async function emptyRegistry() {
  open.close();
  rmSync(join(data, 'registry.db'));
  const [time] = parseServers(
    '[{name: time, title: T, description: D, upstream: http://127.0.0.1:9, transports: {sse: /sse}}]',
  );
  const by = { sub: 'sub-carol', username: 'carol' };
  const store = await openRegistry(join(data, 'registry.db'));
  return { store, time, by };
}

test('The owner of a server is in the backup, and that its change waits for a look, and there again after a restore', async () => {
  const { store, time, by } = await emptyRegistry();
  const standing = { owner: by, awaits: true };
  const added = await store.change({ name: 'time', revision: undefined, next: time, action: 'register', by, standing });
  await copyDatabases(data, join(folder, 'copy'));
  await store.change({ name: 'time', revision: added?.revision, next: undefined, action: 'delete', by });
  await store.close();
  restoreDatabases(join(folder, 'copy'), data);
  const restored = await openRegistry(join(data, 'registry.db'));
  expect(restored.get('time')).toMatchObject({ owner: by, awaits: true, enabled: false });
  await restored.close();
});

test('Requests for access are in the backup, with approvals of tools by people, and there again after a restore', async () => {
  const { store, time, by } = await emptyRegistry();
  await store.change({ name: 'time', revision: undefined, next: time, action: 'register', by });
  const asked = await store.requests.add({ server: 'time', tools: ['now'], reason: 'r', by, groups: ['support'] });
  const parts = { annotations: { readOnlyHint: true } } as never;
  const note = { action: 'approve', by, fields: {} } as const;
  const approve = [{ name: 'now', hash: 'h', parts }];
  await store.definitions.change('time', new Date(), () => ({
    firstSeenAt: new Date(),
    approve,
    byPerson: true,
    note,
  }));
  await copyDatabases(data, join(folder, 'copy'));
  await store.requests.settle(asked.id, { state: 'refused', by, words: '' });
  await store.close();
  restoreDatabases(join(folder, 'copy'), data);
  const restored = await openRegistry(join(data, 'registry.db'));
  expect(await restored.requests.open()).toEqual([asked]);
  expect([...((await restored.definitions.hashes()).get('time')?.readOnly ?? [])]).toEqual(['now']);
  await restored.close();
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

describe('A restore', () => {
  const restore = async (...words: string[]) =>
    runCommand(run, [join(folder, 'copy'), ...words], { env: { UP_DATA_DIR: data } });
  /** A store with one session, a backup of it, and a person who is revoked afterwards. */
  const backedUp = async () => {
    open.close();
    const store = await openStore(data);
    await store.sessions.add(sessionRecord({ expiresAt: now() + 600 }));
    await copyDatabases(data, join(folder, 'copy'));
    await revoke(store, { user: 'alice' }, now());
    await store.close();
  };
  const restored = async () => {
    const store = await openStore(data);
    const session = await store.sessions.find('s');
    const isRevoked = store.revocations.covers(now() - 5, { users: ['alice'], clients: [] });
    await store.close();
    return { session, isRevoked };
  };

  test('ends the sessions in the backup and all tokens until now, because some were revoked since', async () => {
    await backedUp();
    const { code, stdout } = await restore();
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('All sessions and the access of all clients have ended'),
    ]);
    expect(await restored()).toEqual({ session: undefined, isRevoked: true });
  });

  test('keeps the secret that signs the ids of registered clients: none of them has to be set up again', async () => {
    open.close();
    const store = await openStore(data);
    const before = await store.secrets.get('client-registrations');
    await store.close();
    await copyDatabases(data, join(folder, 'copy'));
    rmSync(join(data, 'auth-server.db'));
    expect((await restore()).code).toBe(0);
    const after = await openStore(data);
    expect(await after.secrets.get('client-registrations')).toEqual(before);
    await after.close();
  });

  test('keeps them when told so', async () => {
    await backedUp();
    const { code, stdout } = await restore('--keep-sessions');
    expect([code, stdout]).toEqual([0, expect.not.stringContaining('ended')]);
    expect(await restored()).toMatchObject({ session: { sid: 's' }, isRevoked: false });
  });

  test('does not migrate the tables of an older release, which may be started next', async () => {
    open.close();
    const old = openSqlite<Schema>(join(data, 'auth-server.db'));
    await migrate(old, changes, 'kysely', '001-sessions-and-keys');
    await sql`insert into session (sid, sub, username, "groups", created_at, expires_at) values ('s', 'a', 'a', '[]', 1, 2)`.execute(
      old.db,
    );
    await old.close();
    await copyDatabases(data, join(folder, 'copy'));
    expect((await restore()).code).toBe(0);
    const database = new DatabaseSync(join(data, 'auth-server.db'));
    expect(database.prepare('select * from session').all()).toEqual([]);
    expect(database.prepare('select name from kysely_migration').all()).toEqual([{ name: '001-sessions-and-keys' }]);
    database.close();
  });
});
