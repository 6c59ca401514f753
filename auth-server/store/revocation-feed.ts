import { hash } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Database } from '../../common/database/database.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import { type Schema, turns } from './migrations.ts';

export type RevocationFeed = ReturnType<typeof createRevocationFeed>;

const keepSeconds = 86_400;
const longestAnswer = 10_000;
/** SQLite takes 32,766 values in one statement. */
const mostAtOnce = 1_000;

/**
 * Revocations in the order in which they were made, for processes that keep connections open. Each is a revocation key:
 * a digest of the session or account, so that the feed discloses neither. Rows are kept for a day: a relay that was away
 * for longer has no open connections.
 */
export function createRevocationFeed({ db, alone }: Database<Schema>, cursor: () => number) {
  const newest = db
    .selectFrom('ended')
    .select((e) => e.fn.max('id').as('id'))
    .compile();
  return {
    /** The revocation cursor: every revocation up to this number is known to this process. No I/O. */
    cursor,
    /**
     * Appends keys as part of the transaction that revokes. Call it last in the transaction: it holds a lock that no other
     * revocation gets until the transaction ends.
     */
    async append(transaction: Transaction<Schema>, keys: readonly string[]) {
      const at = nowInSeconds();
      // One at a time: a row that becomes visible after one with a higher number would be skipped by every reader.
      await alone(transaction, turns.revocations);
      const oldest = at - keepSeconds;
      await transaction.deleteFrom('ended').where('at', '<', oldest).execute();
      for (let start = 0; start < keys.length; start += mostAtOnce) {
        const rows = keys.slice(start, start + mostAtOnce).map((mark) => ({ mark, at }));
        await transaction.insertInto('ended').values(rows).execute();
      }
    },
    /**
     * @param after the `last` of the previous answer; undefined for "from now on"
     * @returns the keys since then, oldest first, and the cursor to continue from
     */
    async since(after: number | undefined): Promise<{ last: number; keys: string[] }> {
      if (after === undefined) return { last: (await db.executeQuery(newest)).rows[0]?.id ?? 0, keys: [] };
      const rows = db.selectFrom('ended').select(['id', 'mark']).where('id', '>', after);
      const found = await rows.orderBy('id').limit(longestAnswer).execute();
      // A restored or replaced database has other numbers: continue from its newest.
      const last = found.at(-1)?.id ?? Math.min(after, (await db.executeQuery(newest)).rows[0]?.id ?? 0);
      return { last, keys: found.map(({ mark }) => mark) };
    },
  };
}

/** Who a credential was issued to: what its revocation can name. */
type RevocableCaller = Record<'subject' | 'username', string> & Record<'sessionId' | 'clientId', string | undefined>;

/**
 * The revocation key of one session (by `sid`), of a user (by name or `sub`), of a client, of everybody, or of a person's account
 * at a server (by `accountKey`): what ends an account ends the person's streams at that server.
 */
export function revocationKey(kind: 'session' | 'user' | 'client' | 'everybody' | 'account', value: string): string {
  return hash('sha256', `${kind} ${value}`, 'base64url').slice(0, 22);
}

/** Every revocation key that would end what this caller has open. */
export function revocationKeysOf({ sessionId, subject, username, clientId }: RevocableCaller): string[] {
  return [
    ...(sessionId === undefined ? [] : [revocationKey('session', sessionId)]),
    revocationKey('everybody', ''),
    revocationKey('user', subject),
    ...(username === subject ? [] : [revocationKey('user', username)]),
    ...(clientId === undefined ? [] : [revocationKey('client', clientId)]),
  ];
}
