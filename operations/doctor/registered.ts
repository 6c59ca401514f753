import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import * as z from 'zod';
import { parseJson } from '../../common/text/json.ts';
import { dataFolder } from '../data-folder.ts';
import type { Setup } from './setup.ts';

const timeoutMilliseconds = 3_000;
/** All columns: an earlier version has no `members`. */
const query = 'select * from server';

const members = z.array(z.object({ server: z.string(), tools: z.array(z.string()).nullable() }));
const registered = z.object({
  name: z.string(),
  upstream: z.string().default(''),
  mcp_path: z.string().nullable().default(null),
  sse_path: z.string().nullable().default(null),
  /** The entry of people's own accounts at it, and the secret for its checks; an earlier version has neither. */
  auth_account: z.string().nullable().default(null),
  auth_checks: z.string().nullable().default(null),
  /** Of a set, what it offers. */
  members: z
    .string()
    .nullish()
    .transform((text) => members.safeParse(text && parseJson(text)).data),
});

/** A server of the registry, or a set. */
export type Registered = z.output<typeof registered>;

/** The registry's servers and sets; none if its database is not here, or was never used. */
export async function registeredServers(setup: Setup): Promise<Registered[]> {
  const rows = await rowsOf(setup, 'registry.db', query);
  const servers = rows.flatMap((row): Registered[] => {
    const read = registered.safeParse(row);
    return read.success ? [read.data] : [];
  });
  return servers.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Reads a database of the gateway, and changes nothing in it.
 * @param name of its file, where the settings name no PostgreSQL
 * @returns no rows if it is not here, or has no such table
 */
export async function rowsOf({ root, env }: Setup, name: string, query: string): Promise<unknown[]> {
  const url = env.DATABASE_URL?.trim();
  const file = join(dataFolder(env, root), name);
  return url ? await rowsInPostgres(url, query) : existsSync(file) ? rowsInSqlite(file, query) : [];
}

function rowsInSqlite(file: string, query: string): unknown[] {
  try {
    const database = new DatabaseSync(file, { readOnly: true, timeout: timeoutMilliseconds });
    try {
      return database.prepare(query).all();
    } finally {
      database.close();
    }
  } catch {
    return [];
  }
}

async function rowsInPostgres(url: string, query: string): Promise<unknown[]> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: timeoutMilliseconds,
    query_timeout: timeoutMilliseconds,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(query)).rows;
  } catch {
    return [];
  } finally {
    await client.end().catch(() => undefined);
  }
}
