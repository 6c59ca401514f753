import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { renameNeeded } from '../../../policy/names.ts';
import type { Policy } from '../../../policy/policy.ts';
import { unusableNames } from '../../../policy/review/unusable-names.ts';
import { type Finding, ok, shown, warn } from '../finding.ts';
import type { Setup } from '../setup.ts';

const timeoutMilliseconds = 3_000;
const query = 'select name from server';

/**
 * Does a server, or a rule of the policy, have a name that no server may have any more? Such a server has no route. Reads the
 * registry's database, if it is here, and changes nothing in it.
 */
export async function checkNames(setup: Setup, policy: Policy | undefined): Promise<Finding[]> {
  const servers = await registeredNames(setup);
  const named = policy ? unusableNames(policy.source) : [];
  const findings = [
    ...servers.flatMap((name) => {
      const todo = renameNeeded(name);
      return todo ? [warn('names', `the server ${name} has a reserved name, so it has no route`, todo)] : [];
    }),
    ...named
      .filter(({ server }) => !servers.includes(server))
      .map(({ at, server }) =>
        warn('names', `${shown(at)} of the policy names ${server}, which no server can be called`, 'delete it there'),
      ),
  ];
  if (findings.length > 0) return findings;
  return servers.length > 0 ? [ok('names', 'no server has a reserved name')] : [];
}

/** The names of the registry's servers; none if its database is not here, or was never used. */
async function registeredNames({ root, env }: Setup): Promise<string[]> {
  const url = env.DATABASE_URL?.trim();
  const file = join(env.DATA_DIR?.trim() || env.UP_DATA_DIR?.trim() || join(root, 'data'), 'registry.db');
  const names = url ? await namesInPostgres(url) : existsSync(file) ? namesInSqlite(file) : [];
  return names.toSorted();
}

function namesInSqlite(file: string): string[] {
  try {
    const database = new DatabaseSync(file, { readOnly: true, timeout: timeoutMilliseconds });
    try {
      return database
        .prepare(query)
        .all()
        .map(({ name }) => String(name));
    } finally {
      database.close();
    }
  } catch {
    return [];
  }
}

async function namesInPostgres(url: string): Promise<string[]> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: timeoutMilliseconds,
    query_timeout: timeoutMilliseconds,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string }>(query);
    return rows.map(({ name }) => name);
  } catch {
    return [];
  } finally {
    await client.end().catch(() => undefined);
  }
}
