import { hash, randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { Schema } from './migrations.ts';

export type TokenKind = Schema['oauth_token']['kind'];
type Reader = Pick<Kysely<Schema>, 'selectFrom'>;
type Writer = Pick<Kysely<Schema>, 'insertInto' | 'updateTable' | 'deleteFrom'>;

/** Whose token it is, and for how many seconds it works. */
interface TokenTerms {
  sid: string;
  client: string;
  seconds: number;
  generation?: number;
}

/** A digest as the tables hold it (SHA-256, base64url). */
export const digest = (text: string) => hash('sha256', text, 'base64url');

/** A value that cannot be guessed: 256 random bits, as 43 characters. */
export const random = () => randomBytes(32).toString('base64url');

const keyOf = (kind: TokenKind, value: string) => digest(`${kind} ${value}`);

/** Reads a code or token that has not expired, used or not. */
export async function findToken<T>(db: Reader, kind: TokenKind, value: string) {
  const row = await db
    .selectFrom('oauth_token')
    .select(['payload', 'generation', 'used_at', 'expires_at'])
    .where('key', '=', keyOf(kind, value))
    .executeTakeFirst();
  if (!row || row.expires_at <= nowInSeconds()) return undefined;
  return { value: JSON.parse(row.payload) as T, generation: row.generation, usedAt: row.used_at };
}

/** Adds a code or token. One that another call has added stays as it is, used or not. */
export async function addToken(db: Writer, kind: TokenKind, value: string, payload: object, terms: TokenTerms) {
  const { sid, client, seconds, generation = 0 } = terms;
  const row = { key: keyOf(kind, value), kind, sid, client, payload: JSON.stringify(payload), generation };
  await db
    .insertInto('oauth_token')
    .values({ ...row, used_at: null, expires_at: nowInSeconds() + seconds })
    .onConflict((c) => c.column('key').doNothing())
    .execute();
}

/**
 * Marks a code or token as used.
 * @param keepSeconds how long it is remembered
 * @returns whether it was unused until now
 */
export async function useToken(db: Writer, kind: TokenKind, value: string, keepSeconds: number): Promise<boolean> {
  const now = nowInSeconds();
  const unused = db.updateTable('oauth_token').where('key', '=', keyOf(kind, value)).where('used_at', 'is', null);
  const { numUpdatedRows } = await unused.set({ used_at: now, expires_at: now + keepSeconds }).executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** The highest generation of the refresh tokens of a grant. */
export async function newestGeneration(db: Reader, sid: string): Promise<number> {
  const family = db.selectFrom('oauth_token').where('sid', '=', sid).where('kind', '=', 'refresh');
  const row = await family.select((e) => e.fn.max('generation').as('newest')).executeTakeFirst();
  return row?.newest ?? 0;
}

/** Deletes the refresh tokens of a grant: all of them, or up to a generation. */
export async function forgetFamily(db: Writer, sid: string, upTo?: number): Promise<void> {
  const family = db.deleteFrom('oauth_token').where('sid', '=', sid).where('kind', '=', 'refresh');
  await (upTo === undefined ? family : family.where('generation', '<=', upTo)).execute();
}

/** Deletes codes and tokens that have expired. @returns the grants whose code was never exchanged */
export async function pruneTokens(db: Writer): Promise<string[]> {
  const expired = db.deleteFrom('oauth_token').where('expires_at', '<=', nowInSeconds());
  const rows = await expired.returning(['kind', 'sid', 'used_at']).execute();
  return rows.filter(({ kind, used_at }) => kind !== 'refresh' && used_at === null).map(({ sid }) => sid);
}
