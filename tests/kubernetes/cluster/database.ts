import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { addresses, workFolder } from './place.ts';
import { type Program, run, start, until } from './programs.ts';

const root = '/usr/lib/postgresql';
const port = 5432;

/** A PostgreSQL outside the cluster, at a private address. */
export interface Database {
  /** For the secret `gateway`. */
  url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Starts PostgreSQL with an empty database `gateway`. */
export async function startDatabase(): Promise<Database> {
  const [version = ''] = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  const bin = (name: string) => join(root, version, 'bin', name);
  const data = workFolder('database');
  run(['chown', 'postgres', data]);
  const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] as const;
  const options = ['-D', data, '-A', 'trust', '-U', 'gateway', '--no-sync', '-E', 'UTF8', '--locale=C'];
  run([...asPostgres, bin('initdb'), ...options]);
  run(['sh', '-c', `echo 'host all gateway 0.0.0.0/0 scram-sha-256' >> ${data}/pg_hba.conf`]);
  let server: Program | undefined;
  let starts = 0;
  const sql = (database: string, text: string) =>
    run([...asPostgres, bin('psql'), '-qh', data, '-U', 'gateway', '-d', database, '-c', text]);
  const begin = async () => {
    const listen = ['-c', `listen_addresses=${addresses.control}`, '-c', `port=${port}`, '-c', 'fsync=off'];
    server = start(`postgresql-${++starts}`, [...asPostgres, bin('postgres'), '-D', data, '-k', data, ...listen]);
    await until('PostgreSQL answers', () => sql('postgres', 'select 1') !== undefined);
  };
  await begin();
  const password = crypto.randomUUID();
  sql('postgres', `alter role gateway password '${password}'`);
  sql('postgres', 'create database gateway');
  return {
    url: `postgres://gateway:${password}@${addresses.control}:${port}/gateway?sslmode=disable`,
    start: begin,
    async stop() {
      // Fast: open connections do not keep it.
      await server?.stop('SIGINT');
    },
  };
}
