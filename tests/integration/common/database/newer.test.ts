import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { sql } from 'kysely';
import { openAuditDatabase } from '../../../../auth-server/audit/store/database.ts';
import { openCountStore } from '../../../../auth-server/limits/count-store.ts';
import { openOAuthStore } from '../../../../auth-server/oauth/store/store.ts';
import { openStore as openAuthServer } from '../../../../auth-server/store/store.ts';
import type { Database } from '../../../../common/database/database.ts';
import { databaseIn } from '../../../../common/database/open.ts';
import { openPostgres } from '../../../../common/database/postgres.ts';
import { openSqlite } from '../../../../common/database/sqlite.ts';
import { copyDatabases } from '../../../../operations/backup/databases.ts';
import { run as restore } from '../../../../operations/backup/restore/main.ts';
import { openStore as openRegistry } from '../../../../registry/store/store.ts';
import { runCommand } from '../../../support/operations/run-command.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';
import { bareEnvironment } from '../../../support/process.ts';

/** What opens each database, by its SQLite file; the prefix of the table that names its changes. */
const databases = {
  'auth-server.db': { open: openAuthServer, prefix: 'kysely' },
  'oauth.db': { open: openOAuthStore, prefix: 'oauth' },
  'limits.db': { open: openCountStore, prefix: 'limits' },
  'audit.db': { open: openAuditDatabase, prefix: 'audit' },
  'registry.db': {
    open: (where: string) => openRegistry(databaseIn(where, 'registry.db')),
    prefix: 'registry',
  },
} satisfies Record<string, { open: (where: string) => Promise<unknown>; prefix: string }>;
type File = keyof typeof databases;
const files = Object.keys(databases) as File[];
const later = '999-a-change-of-a-later-version';

const opened = async (where: string, file: File) =>
  (await databases[file].open(where)) as { close(): Promise<void> } & object;

/** The database without its changes, as nothing of the gateway sees it. */
async function plainly<T>(where: string, file: File, work: (database: Database<unknown>) => Promise<T>): Promise<T> {
  const isPostgres = where.startsWith('postgres');
  const database: Database<unknown> = isPostgres
    ? openPostgres(where, () => undefined)
    : openSqlite(databaseIn(where, file));
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** As a later version leaves it: a change that this one does not know, and a table that it lacks. */
async function migrateLater(where: string, file: File): Promise<void> {
  const names = sql.table(`${databases[file].prefix}_migration`);
  await plainly(where, file, async ({ db }) => {
    await sql`insert into ${names} (name, timestamp) values (${later}, '2030-01-01')`.execute(db);
    await sql`create table later (name text)`.execute(db);
    await sql`insert into later values ('kept')`.execute(db);
  });
}

/** Its changes, its tables, and what the later version keeps. */
const contents = (where: string, file: File) =>
  plainly(where, file, async ({ db }) => ({
    changes: (await sql`select * from ${sql.table(`${databases[file].prefix}_migration`)} order by name`.execute(db))
      .rows,
    tables: (await db.introspection.getTables()).map(({ name, columns }) => [name, columns.map((each) => each.name)]),
    later: (await sql`select name from later`.execute(db)).rows,
  }));

describe.each<[string, Places]>(bothDatabases('data'))('%s of a newer version:', (kind, places) => {
  test.each(files)('%s is refused with what to do, and stays as it is', async (file) => {
    const where = await places.fresh();
    await (await opened(where, file)).close();
    await migrateLater(where, file);
    const before = await contents(where, file);
    const place = kind === 'SQLite' ? `DATA_DIR: ${join(where, file)}` : 'DATABASE_URL: the database';
    const todo = 'start that version, or restore the backup that was made before its first start. Nothing was changed.';
    await expect(opened(where, file)).rejects.toThrow(
      `The database cannot be used:\n  - ${place} belongs to a newer version of the gateway (${later}): ${todo}`,
    );
    expect(await contents(where, file)).toEqual(before);
  });
});

describe('A data folder of a newer version', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'newer-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.each<[File, string]>([
    ['auth-server.db', 'auth-server'],
    ['audit.db', 'auth-server'],
    ['registry.db', 'registry'],
  ])('with such a %s, the %s ends at its start, and its last line says why', async (file, service) => {
    await (await opened(folder, file)).close();
    await migrateLater(folder, file);
    const env = {
      ...{ DATA_DIR: folder, ROUTES_DIR: join(folder, 'nginx'), REGISTRY_URL: 'http://localhost:18080' },
      ...{ SECRET_KEY: '8f3Kq0vTn2LwXz5Rj7Yc1BsHd4MgPe6Au9', COGNITO_USER_POOL_ID: 'us-east-1_LocalPool' },
      ...{
        COGNITO_CLIENT_ID: '1webclient0000000000000000',
        COGNITO_CLIENT_SECRET: 'websecret',
        AWS_REGION: 'us-east-1',
      },
      ...{ AUTH_SERVER_WORKERS: '1', ...bareEnvironment(), COGNITO_LOCAL_ENDPOINT: 'http://127.0.0.1:9' },
      ...{ SCOPES_FILE: resolve('scopes.yml'), SERVERS_FILE: resolve('registry/servers.yml') },
    };
    const { status, stdout } = spawnSync(process.execPath, [resolve(service, 'main.ts')], { env, encoding: 'utf8' });
    const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { level: string; msg: string };
    expect([status, last.level]).toEqual([1, 'fatal']);
    expect(last.msg).toContain(`${join(folder, file)} belongs to a newer version of the gateway (${later})`);
  });

  test.each<File>(['auth-server.db', 'oauth.db', 'audit.db', 'registry.db'])(
    'a backup of it is not restored if its %s is newer, and nothing is replaced',
    async (file) => {
      const [newer, copy, data] = ['newer', 'copy', 'data'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      for (const each of ['auth-server.db', 'registry.db', file] as const) await (await opened(newer, each)).close();
      await migrateLater(newer, file);
      await copyDatabases(newer, copy);
      mkdirSync(data);
      await (await opened(data, 'registry.db')).close();
      const before = readdirSync(data);
      const { code, stderr } = await runCommand(restore, [copy], { env: { UP_DATA_DIR: data } });
      const todo = 'restore it with that version, or take a backup of this one';
      expect(stderr).toContain(`${join(copy, file)} is of a newer version of the gateway (${later}): ${todo}`);
      expect([code, readdirSync(data)]).toEqual([1, before]);
    },
  );
});
