import { Kysely } from 'kysely';
import type { Database } from '../../../../common/database/database.ts';
import { migrate, type SchemaChanges } from '../../../../common/database/migrations.ts';
import { nodeSqlite } from '../../../../common/database/sqlite.ts';

const queries: string[] = [];
let db: Kysely<unknown>;
beforeEach(() => {
  db = new Kysely({ dialect: nodeSqlite(':memory:').dialect, log: ({ query }) => void queries.push(query.sql) });
});
afterEach(() => db.destroy());

const table = (name: string) => async (on: Kysely<unknown>) => {
  await on.schema.createTable(name).addColumn('id', 'integer').execute();
};
const first: SchemaChanges = { '001-first': table('first') };
const both: SchemaChanges = { ...first, '002-second': table('second') };
const on = (): Pick<Database<unknown>, 'db' | 'kind' | 'close'> => ({
  db,
  kind: 'sqlite',
  close: async () => undefined,
});
const tables = async () => (await db.introspection.getTables()).map(({ name }) => name);

test('A database gets the changes that it lacks, each once', async () => {
  await migrate(on(), first, 'test');
  expect(await tables()).toEqual(expect.arrayContaining(['first']));
  await migrate(on(), both, 'test');
  expect(await tables()).toEqual(expect.arrayContaining(['first', 'second']));
});

test('A database that lacks no change is asked one question', async () => {
  await migrate(on(), both, 'test');
  queries.length = 0;
  await migrate(on(), both, 'test');
  expect(queries).toEqual(['select name from "test_migration" order by name']);
});

test('A database with a change of a later release is refused', async () => {
  await migrate(on(), both, 'test');
  await expect(migrate(on(), first, 'test')).rejects.toThrow(/002-second/);
});
