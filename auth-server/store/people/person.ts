import { type Kysely, sql, type Transaction } from 'kysely';
import { type Database, databaseNow } from '../../../common/database/database.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import { type Schema, turns } from '../migrations.ts';
import { type RevocationFeed, revocationKey } from '../revocation-feed.ts';
import type { DatabaseSessions } from '../session.ts';
import type { SessionRecord } from '../session-record.ts';

/** What a provider said about a person, at `refreshedAt`, in answer to the refresh token of one record. */
export type RefreshedPerson = Pick<SessionRecord, 'groups' | 'username' | 'shownName' | 'refreshedAt' | 'refreshToken'>;

/** The right to ask the provider about a person, with the refresh token of `record`. */
export interface Lease {
  /** The record as it was when the lease began. */
  record: SessionRecord;
  /** Grows with each lease of the person: a later holder makes an earlier one's answer void. */
  fence: number;
}

export type PersonStore = ReturnType<typeof createPersonStore>;

/**
 * The groups of people, whose sessions share them: whatever session's token asks the provider, the answer counts for all
 * sessions of the person. One process at a time may ask, by the clock of the database.
 */
export function createPersonStore(
  { db, kind, alone }: Database<Schema>,
  feed: RevocationFeed,
  sessions: DatabaseSessions,
) {
  const now = databaseNow(kind);
  return {
    /**
     * Takes the lease of a record's person for some seconds.
     * @returns undefined if another request has it, or the record is gone
     */
    async lease(
      { sid, provider, sub, groups, refreshedAt }: SessionRecord,
      seconds: number,
    ): Promise<Lease | undefined> {
      const person = { provider, sub, groups: JSON.stringify(groups), refreshed_at: refreshedAt };
      const added = db.insertInto('person').values({ ...person, leased_until: 0, fence: 0 });
      await added.onConflict((c) => c.columns(['provider', 'sub']).doNothing()).execute();
      const taken = await db
        .updateTable('person')
        .set({ leased_until: sql`${now} + cast(${seconds} as integer)`, fence: sql`fence + 1` })
        .where('provider', '=', provider)
        .where('sub', '=', sub)
        .where('leased_until', '<=', now)
        .returning('fence')
        .executeTakeFirst();
      if (!taken) return undefined;
      const record = (await holdRecord(db, sid, seconds)) ? await sessions.read(sid) : undefined;
      if (record) return { record, fence: taken.fence };
      await releasePerson(db, { provider, sub }, taken.fence);
      return undefined;
    },
    /** Gives the lease back without an answer. */
    async release({ record, fence }: Lease): Promise<void> {
      await releasePerson(db, record, fence);
      await releaseRecord(db, record.sid);
    },
    /**
     * Stores an answer and gives the lease back. Ends the open streams of each session whose groups have changed. If another
     * request has taken the lease meanwhile, only the new refresh token is kept.
     */
    async save({ record, fence }: Lease, found: RefreshedPerson): Promise<void> {
      // On its own: a provider that rotates refresh tokens accepts each of them once, so a new one must not be lost.
      await keepToken(db, record, found.refreshToken);
      const sids = await db.transaction().execute(async (transaction) => {
        await alone(transaction, turns.sessions);
        const isHeld = await releasePerson(transaction, record, fence, found);
        return isHeld ? await giveToAll(transaction, feed, record, found) : [record.sid];
      });
      sessions.invalidate(sids);
    },
    /**
     * Ends the record whose refresh token the provider has refused, and gives the lease back. A record that has got another
     * token meanwhile goes on, and so do the person's other records.
     * @returns whether the record has ended
     */
    async refuse({ record, fence }: Lease): Promise<boolean> {
      const { sid } = record;
      const ended = await db.transaction().execute(async (transaction) => {
        const tried = transaction.deleteFrom('session').where('sid', '=', sid).where(hasToken(record));
        const gone = await tried.returning('sid').executeTakeFirst();
        if (gone) await feed.append(transaction, [revocationKey('session', sid)]);
        return gone !== undefined;
      });
      sessions.invalidate([sid]);
      await releaseRecord(db, sid);
      await releasePerson(db, record, fence);
      return ended;
    },
  };
}

/**
 * A process of the last release has its lease in the record, and uses the same refresh token. Such a lease is by the clock of its
 * machine: one that seems longer than any is none.
 */
async function holdRecord(db: Kysely<Schema>, sid: string, seconds: number): Promise<boolean> {
  const now = nowInSeconds();
  const own = db.updateTable('session').where('sid', '=', sid);
  const free = own.where((e) => e.or([e('leased_until', '<=', now), e('leased_until', '>', now + seconds)]));
  return (
    (await free
      .set({ leased_until: now + seconds })
      .returning('sid')
      .executeTakeFirst()) !== undefined
  );
}

async function releaseRecord(db: Kysely<Schema>, sid: string): Promise<void> {
  await db.updateTable('session').set({ leased_until: 0 }).where('sid', '=', sid).execute();
}

/** @returns whether the lease was still held */
async function releasePerson(
  db: Kysely<Schema>,
  { provider, sub }: Pick<SessionRecord, 'provider' | 'sub'>,
  fence: number,
  found?: RefreshedPerson,
): Promise<boolean> {
  const answer = found && { groups: JSON.stringify(found.groups), refreshed_at: found.refreshedAt };
  const own = db.updateTable('person').where('provider', '=', provider).where('sub', '=', sub);
  const held = own.where('fence', '=', fence).set({ leased_until: 0, ...answer });
  return (await held.returning('fence').executeTakeFirst()) !== undefined;
}

async function keepToken(db: Kysely<Schema>, record: SessionRecord, next: string | undefined): Promise<void> {
  const own = db.updateTable('session').where('sid', '=', record.sid).where(hasToken(record));
  await own.set({ refresh_token: next ?? null, tried_at: nowInSeconds(), leased_until: 0 }).execute();
}

function hasToken({ refreshToken }: SessionRecord) {
  return sql<boolean>`refresh_token ${refreshToken === undefined ? sql`is null` : sql`= ${refreshToken}`}`;
}

/** @returns the person's sessions */
async function giveToAll(
  transaction: Transaction<Schema>,
  feed: RevocationFeed,
  { provider, sub }: SessionRecord,
  { groups, username, shownName, refreshedAt }: RefreshedPerson,
): Promise<string[]> {
  const all = transaction.selectFrom('session').where('provider', '=', provider).where('sub', '=', sub);
  const before = await all.select(['sid', 'groups']).execute();
  const own = transaction.updateTable('session').where('provider', '=', provider).where('sub', '=', sub);
  await own.set({ groups: JSON.stringify(groups), username, shown_name: shownName ?? null }).execute();
  // A session without a refresh token of its own is never confirmed again: it ends with its groups.
  await own.where('refresh_token', 'is not', null).set({ refreshed_at: refreshedAt }).execute();
  // Open streams were admitted with the old groups: end them, so that the new groups decide when they are reopened.
  const changed = before.filter((row) => !sameGroups(JSON.parse(row.groups), groups));
  if (changed.length > 0)
    await feed.append(
      transaction,
      changed.map(({ sid }) => revocationKey('session', sid)),
    );
  return before.map(({ sid }) => sid);
}

function sameGroups(before: readonly string[], now: readonly string[]): boolean {
  return JSON.stringify([...before].sort()) === JSON.stringify([...now].sort());
}
