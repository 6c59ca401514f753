import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openPostgres } from '../../common/database/postgres.ts';
import { CommandError } from '../command.ts';
import { dataFolder } from '../data-folder.ts';

/** A version of the policy, and where it is kept, in words. */
export interface KeptPolicy {
  number: number;
  text: string;
  where: string;
}

type Row = { number: number; text: string };
const newest = 'select number, text from policy_version order by number desc limit 1';
const instead = 'Name a file instead: "mcp-gateway policy export FILE" writes the policy in force into one.';

/** Whether people change the policy in the gateway, by these settings. The policy file decides nothing then. */
export function isEditable(env: NodeJS.ProcessEnv): boolean {
  return env.POLICY_EDITABLE?.trim() === 'true';
}

/**
 * The version of the policy that is in force, from the database of the auth-server. Reads only, by SQL: opening the store would
 * bring the tables of a gateway up to date that runs an older release.
 * @param env has `DATABASE_URL`, or `DATA_DIR` or `UP_DATA_DIR` (default: data)
 * @throws {CommandError} if there is none, or the database cannot be read
 */
export async function versionInForce(env: NodeJS.ProcessEnv): Promise<KeptPolicy> {
  const url = env.DATABASE_URL?.trim();
  const file = join(dataFolder(env), 'auth-server.db');
  const where = url ? 'the database (DATABASE_URL)' : file;
  const row = await (url ? ofPostgres(url) : ofFile(file)).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      `With POLICY_EDITABLE the policy is in ${where}, which cannot be read: ${reason}. ${instead}`,
    );
  });
  if (row) return { ...row, where };
  throw new CommandError(`With POLICY_EDITABLE the policy is in ${where}, which has no version of it yet. ${instead}`);
}

async function ofFile(path: string): Promise<Row | undefined> {
  if (!existsSync(path)) throw new Error('it is not there; set DATA_DIR or DATABASE_URL, as the gateway has it');
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    const isThere = database.prepare("select 1 from sqlite_master where name = 'policy_version'").get();
    return isThere && (database.prepare(newest).get() as Row | undefined);
  } finally {
    database.close();
  }
}

async function ofPostgres(url: string): Promise<Row | undefined> {
  const database = openPostgres<{ policy_version: Row }>(url, () => undefined, 1);
  try {
    const all = database.db.selectFrom('policy_version').select(['number', 'text']);
    return await all.orderBy('number', 'desc').limit(1).executeTakeFirst();
  } finally {
    await database.close();
  }
}
