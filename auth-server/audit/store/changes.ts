import { type Kysely, sql } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';
import type { SchemaChanges } from '../../../common/database/migrations.ts';
import { createKeyTable } from '../../store/key-table.ts';
import { createSums } from './sum-tables.ts';

/** Every change of the tables beside the days; in PostgreSQL also of the days. Never edit a change that has been released. */
export const changes: SchemaChanges = {
  '001-writers-and-names': writersAndNames,
  '002-statements-and-sums': statementsAndSums,
  '003-days': days,
  '004-signed-statements': signedStatements,
  '005-groups-of-people': (db) => db.schema.alterTable('audit_name').addColumn('caller', 'text').execute(),
};

/** Columns of `decision`, as SQL for both databases. `bytes` and `time` are the types of bytes and of milliseconds. */
const decisionColumns = (bytes: string, time: string) => `
  writer integer not null, number integer not null, at ${time} not null, verdict text not null, reason text, person text,
  client text, server text, object text, method text, caller text, salt ${bytes}, digest ${bytes} not null,
  link ${bytes} not null, record text`;
const callColumns = (time: string) =>
  `writer integer not null, number integer not null, at ${time} not null, status integer not null, milliseconds integer not null`;
const seenColumns = (time: string) => `kind text not null, value text not null, at ${time} not null`;
const countColumns = (time: string) =>
  `server text not null, at ${time} not null, count integer not null, oldest ${time} not null, primary key (server, at)`;
const byTime = 'create index if not exists decision_at on decision (at)';

/** What opens a day's SQLite file, and makes its tables if they are not there. */
export const dayFile = [
  // 500 kB: up to 64 files are open, and the system has their pages in memory too.
  'pragma cache_size = -500',
  `create table if not exists decision (${decisionColumns('blob', 'integer')}, primary key (writer, number))`,
  byTime,
  `create table if not exists decision_seen (${seenColumns('integer')}, primary key (kind, value, at)) without rowid`,
  `create table if not exists decision_count (${countColumns('integer')}) without rowid`,
  `create table if not exists audit_call (${callColumns('integer')}, primary key (writer, number)) without rowid`,
].join('; ');

async function writersAndNames(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  const time = kind === 'sqlite' ? 'integer' : 'bigint';
  await db.schema
    .createTable('audit_writer')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('host', 'text', (c) => c.notNull())
    .addColumn('pid', 'integer', (c) => c.notNull())
    .addColumn('started_at', time, (c) => c.notNull())
    .addColumn('seen_at', time, (c) => c.notNull())
    .addColumn('ended_at', time)
    .execute();
  await db.schema
    .createTable('audit_caller')
    .addColumn('digest', 'text', (c) => c.primaryKey())
    .addColumn('text', 'text', (c) => c.notNull())
    .addColumn('seen_at', time, (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('audit_name')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('value', 'text', (c) => c.notNull())
    .addColumn('label', 'text', (c) => c.notNull())
    .addColumn('seen_at', time, (c) => c.notNull())
    .addPrimaryKeyConstraint('audit_name_key', ['kind', 'value'])
    .execute();
  await db.schema.createIndex('audit_name_seen').on('audit_name').columns(['kind', 'seen_at']).execute();
  await db.schema
    .createTable('audit_import')
    .addColumn('batch', 'integer', (c) => c.primaryKey())
    .addColumn('first', 'integer', (c) => c.notNull())
    .addColumn('count', 'integer', (c) => c.notNull())
    .addColumn('written', 'integer', (c) => c.notNull())
    .execute();
}

async function statementsAndSums(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  await db.schema
    .createTable('audit_statement')
    .addColumn('seq', 'integer', (c) => c.primaryKey())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('at', kind === 'sqlite' ? 'integer' : 'bigint', (c) => c.notNull())
    .addColumn('jws', 'text', (c) => c.notNull())
    .addColumn('digest', 'text', (c) => c.notNull())
    .execute();
  await createSums(db, kind);
}

/** SQLite has a file for each day instead. */
async function days(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  if (kind === 'sqlite') return;
  const ofDay = 'primary key (writer, number, at)) partition by range (at)';
  for (const statement of [
    `create table decision (${decisionColumns('bytea', 'bigint')}, ${ofDay}`,
    byTime,
    `create table decision_seen (${seenColumns('bigint')}, primary key (kind, value, at)) partition by range (at)`,
    `create table decision_count (${countColumns('bigint')}) partition by range (at)`,
    `create table audit_call (${callColumns('bigint')}, ${ofDay}`,
  ])
    await sql.raw(statement).execute(db);
}

async function signedStatements(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  for (const name of ['signed', 'signed_end'])
    await db.schema
      .alterTable('audit_writer')
      .addColumn(name, 'integer', (c) => c.notNull().defaultTo(0))
      .execute();
  await createKeyTable(db, kind, 'audit_key');
}
