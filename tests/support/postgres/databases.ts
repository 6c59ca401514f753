import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { type PostgresAnswer, postgresPort } from '../jest/setup.ts';

/** Longer than any test's own query: a test that has left a transaction open fails here, and is not waited for. */
const lockMilliseconds = 10_000;

/** The tables stay: to make them again takes longer than most tests. Days of the audit go: another test may find them too old. */
const removeRows = `do $$ declare
    days text := string_agg(oid::regclass::text, ', ') from pg_class
      where relispartition and relkind = 'r' and relnamespace = 'public'::regnamespace;
    names text;
  begin
    if days is not null then execute 'drop table ' || days; end if;
    names := string_agg(format('%I', tablename), ', ') from pg_tables
      where schemaname = 'public' and tablename not like '%migration%';
    if names is not null then execute 'truncate ' || names || ' restart identity'; end if;
  end $$`;

let created = 0;
let server: Promise<string> | undefined;

/**
 * This worker's database on the PostgreSQL of this run, without any rows. It may have the tables of earlier tests. The
 * next call empties it, so a test has only one.
 * @returns its URL
 */
export async function emptyDatabase(): Promise<string> {
  const url = await urlOf(`worker${process.env.JEST_WORKER_ID ?? ''}`);
  try {
    await execute(url, removeRows);
  } catch (error) {
    if (!isUnknownDatabase(error)) throw error;
    await create(url);
  }
  return url;
}

/** A new database without tables, for tests about their making or with a second database. @returns its URL */
export async function newDatabase(): Promise<string> {
  const url = await urlOf(`new${process.pid}x${++created}`);
  await create(url);
  return url;
}

/** Executes SQL on a database, over a connection of its own. */
export async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, lock_timeout: lockMilliseconds });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

async function create(url: string): Promise<void> {
  await execute(await urlOf('postgres'), `create database ${new URL(url).pathname.slice(1)}`);
}

async function urlOf(database: string): Promise<string> {
  server ??= askForServer();
  const url = new URL(await server);
  url.pathname = database;
  // A busy machine may take long to start the process of a connection.
  url.searchParams.set('connect_timeout', '30');
  return url.href;
}

async function askForServer(): Promise<string> {
  const port = Number(process.env[postgresPort]);
  const answer = JSON.parse(await text(connect(port, '127.0.0.1'))) as PostgresAnswer;
  if ('url' in answer) return answer.url;
  throw new Error(answer.problem);
}

/** SQLSTATE invalid_catalog_name. */
function isUnknownDatabase(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '3D000';
}
