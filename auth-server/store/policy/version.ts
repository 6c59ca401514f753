import type { Kysely, Transaction } from 'kysely';
import { type Database, databaseNow } from '../../../common/database/database.ts';
import { mostVersions, type PolicyEditor, type PolicyVersion } from '../../../common/doors/versions.ts';
import type { Schema } from '../migrations.ts';

/** A version with its text. */
export type KeptVersion = PolicyVersion & { text: string };

/** A version that is to be added. Its number is that of `parent` and one, or 1 for the first. */
export type NewVersion = Omit<KeptVersion, 'number' | 'at'>;

export type PolicyVersionStore = ReturnType<typeof createPolicyVersionStore>;

/** The versions of the policy. No row ever changes, and two processes never add the same number. */
export function createPolicyVersionStore({ kind, db }: Pick<Database<Schema>, 'kind' | 'db'>) {
  const now = databaseNow(kind);
  return {
    /** Which version is in force: the highest number. @returns undefined before the first */
    async newest(): Promise<{ number: number; version: string } | undefined> {
      const all = db.selectFrom('policy_version').select(['number', 'version']);
      return await all.orderBy('number', 'desc').limit(1).executeTakeFirst();
    },
    /** @returns undefined if there is none of that number, or it is no longer kept */
    async get(number: number): Promise<KeptVersion | undefined> {
      const row = await db.selectFrom('policy_version').selectAll().where('number', '=', number).executeTakeFirst();
      return row && { ...toVersion(row), text: row.text };
    },
    /** Versions without their texts, the newest first. @param before only those with a smaller number */
    async list(before: number | undefined, most: number): Promise<PolicyVersion[]> {
      const columns = ['number', 'version', 'parent', 'at', 'by_sub', 'by_name', 'why', 'source'] as const;
      const all = db.selectFrom('policy_version').select([...columns, 'confirmed_sub', 'confirmed_name']);
      const older = before === undefined ? all : all.where('number', '<', before);
      return (await older.orderBy('number', 'desc').limit(most).execute()).map(toVersion);
    },
    /** Whether a version with exactly this text is kept. @param version its name, by which it is found */
    async has(version: string, text: string): Promise<boolean> {
      const named = db.selectFrom('policy_version').select('number').where('version', '=', version);
      return (await named.where('text', '=', text).limit(1).executeTakeFirst()) !== undefined;
    },
    /** Adds a version. @returns undefined if `parent` is not the newest: another change came first */
    add: (added: NewVersion) => db.transaction().execute((transaction) => insertVersion(transaction, now, added)),
    /** The version of the policy file that someone has taken or dismissed; undefined before the first. */
    async knownFile(): Promise<string | undefined> {
      return (await db.selectFrom('policy_file').select('version').executeTakeFirst())?.version;
    },
    /** Notes that someone has taken or dismissed this version of the file. */
    async knowFile(version: string): Promise<void> {
      const row = db.insertInto('policy_file').values({ id: 1, version });
      await row.onConflict((c) => c.column('id').doUpdateSet({ version })).execute();
    },
  };
}

/**
 * Adds a version, and drops the oldest if there are too many. The number is the primary key: of two changes that were made from
 * the same version, the database takes one.
 * @returns undefined if `parent` is not the newest
 */
export async function insertVersion(
  transaction: Transaction<Schema>,
  now: ReturnType<typeof databaseNow>,
  { version, parent, by, why, source, confirmedBy, text }: NewVersion,
): Promise<PolicyVersion | undefined> {
  // Without the row of its parent a version would leave a gap, which the next one would fill below it.
  if (!(await mayFollow(transaction, parent))) return undefined;
  const row = { version, parent, at: now, by_sub: by.sub, by_name: by.name, why, source, text };
  const second = { confirmed_sub: confirmedBy?.sub ?? null, confirmed_name: confirmedBy?.name ?? null };
  const number = (parent ?? 0) + 1;
  const added = await transaction
    .insertInto('policy_version')
    .values({ number, ...row, ...second })
    .onConflict((c) => c.column('number').doNothing())
    .returningAll()
    .executeTakeFirst();
  if (!added) return undefined;
  await transaction
    .deleteFrom('policy_version')
    .where('number', '<=', number - mostVersions)
    .execute();
  return toVersion(added);
}

/** Whether a version of this number is kept, or there is none yet. */
async function mayFollow(db: Kysely<Schema>, parent: number | null): Promise<boolean> {
  const all = db.selectFrom('policy_version').select('number').limit(1);
  const found = await (parent === null ? all : all.where('number', '=', parent)).executeTakeFirst();
  return (found === undefined) === (parent === null);
}

type Row = Omit<Schema['policy_version'], 'text'>;

function toVersion(row: Row): PolicyVersion {
  const { number, version, parent, at, by_sub, by_name, why, source, confirmed_sub, confirmed_name } = row;
  const confirmedBy = confirmed_sub === null ? undefined : editorOf(confirmed_sub, confirmed_name);
  return {
    ...{ number, version, parent, at: new Date(at * 1000).toISOString(), by: editorOf(by_sub, by_name), why },
    source: source as PolicyVersion['source'],
    ...(confirmedBy && { confirmedBy }),
  };
}

function editorOf(sub: string, name: string | null): PolicyEditor {
  return { sub, name: name ?? sub };
}
