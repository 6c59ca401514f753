import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { type Database, databaseNow } from '../../../common/database/database.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import { type Schema, turns } from '../migrations.ts';
import { RecordCache } from '../record-cache.ts';
import { requestQuery } from '../request-query.ts';
import type { RevocationFeed } from '../revocation-feed.ts';
import { writeUses } from '../write-uses.ts';
import {
  type AccountLease,
  type AccountRow,
  type ConnectedRow,
  type NewTokens,
  toAccountRow,
  tokenColumns,
} from './account-row.ts';
import { depart, endSessions } from './ending.ts';
import { accountMark, changedOf, goneMarks, withoutChange } from './marks.ts';

export type AccountStore = Omit<DatabaseAccounts, 'forget' | 'flush' | 'dropChanged'>;

/** How often the last use is written, in seconds; the first use after a refresh is always written. */
const usedEverySeconds = 3_600;
/** How often, and how many times, a process looks whether it has heard of a change: it reads the feed a few times a second. */
const lookMilliseconds = 20;
const mostLooks = 100;
/** How many accounts one pass of the background takes. */
const batch = 100;

/**
 * People's accounts at servers in the database; those in use also in memory. One process at a time may ask a provider about an
 * account, by the clock of the database, and only the newest holder of the lease may write.
 */
export class DatabaseAccounts {
  readonly #database: Database<Schema>;
  readonly #db: Kysely<Schema>;
  readonly #feed: RevocationFeed;
  /** By mark, because that is what the feed names. */
  readonly #cache: RecordCache<AccountRow>;

  /** @param memorySeconds how long a row is used without reading it again */
  constructor(database: Database<Schema>, feed: RevocationFeed, memorySeconds: number) {
    this.#database = database;
    this.#db = database.db;
    this.#feed = feed;
    this.#cache = new RecordCache(50_000, memorySeconds);
  }

  /** An account from memory, or else from the database. The same object until something has changed. */
  async find(key: string): Promise<AccountRow | undefined> {
    return this.#cache.get(accountMark(key)) ?? (await this.read(key));
  }

  /** Reads an account from the database, whatever is in memory. */
  read(key: string): Promise<AccountRow | undefined> {
    const query = this.#db.selectFrom('account').selectAll().where('key', '=', key);
    return this.#cache.load(accountMark(key), async () => {
      const row = await requestQuery(() => query.executeTakeFirst());
      return row && toAccountRow(row);
    });
  }

  /**
   * Keeps a newly connected account, instead of the one that was there. If that may have been another account at the provider,
   * what it has open at the server ends.
   */
  async connect(row: ConnectedRow): Promise<void> {
    const now = nowInSeconds();
    const { key, subject, account, server, address, identity, shownName } = row;
    const own = { subject, account, server, address, identity, shown_name: shownName ?? null };
    const times = { created_at: now, used_at: now, forced_at: 0 };
    const values = { ...own, ...tokenColumns(row), ...times };
    let isOther = false;
    await this.#change([key], async (transaction) => {
      const before = await transaction
        .selectFrom('account')
        .select('shown_name')
        .where('key', '=', key)
        .executeTakeFirst();
      const added = transaction.insertInto('account').values({ key, ...values, version: 1, fence: 0 });
      // The fence: a refresh of the tokens before must not write over these.
      const next = { ...values, version: sql<number>`account.version + 1`, fence: sql<number>`account.fence + 1` };
      await added.onConflict((c) => c.column('key').doUpdateSet(next)).execute();
      isOther = before !== undefined && (shownName === undefined || before.shown_name !== shownName);
      if (!isOther) return [changedOf(key)];
      await endSessions(transaction, row);
      return [accountMark(key), changedOf(key)];
    });
    if (isOther) await this.#untilHeard();
  }

  /**
   * Waits until this process knows all revocations. A call that is allowed before would end with what the account before had open,
   * because its ticket says up to which revocation it was judged.
   */
  async #untilHeard(): Promise<void> {
    const { last } = await this.#feed.since(undefined);
    for (let tries = 0; this.#feed.cursor() < last && tries < mostLooks; tries++)
      await sleep(lookMilliseconds, undefined, { ref: false });
  }

  /** Notes that an account is in use; written a little later. */
  use(row: AccountRow, now: number): void {
    if (row.isUsed && now - row.usedAt < usedEverySeconds) return;
    row.usedAt = now;
    row.isUsed = true;
    this.#cache.use(row.key, now);
  }

  /** Takes the lease of an account for some seconds. @returns undefined if another process has it, or the account is gone */
  async lease(key: string, seconds: number): Promise<AccountLease | undefined> {
    const now = databaseNow(this.#database.kind);
    const taken = await this.#db
      .updateTable('account')
      .set({ leased_until: sql`${now} + cast(${seconds} as integer)`, fence: sql`fence + 1` })
      .where('key', '=', key)
      .where('leased_until', '<=', now)
      .returningAll()
      .executeTakeFirst();
    return taken && { row: toAccountRow(taken), fence: taken.fence };
  }

  /** Gives a lease back without an answer. @param refreshAt when it is to be refreshed ahead, if that has changed */
  async release({ row: { key }, fence }: AccountLease, refreshAt?: number): Promise<void> {
    const own = this.#db.updateTable('account').where('key', '=', key).where('fence', '=', fence);
    await own.set({ leased_until: 0, ...(refreshAt !== undefined && { refresh_at: refreshAt }) }).execute();
  }

  /**
   * Keeps new tokens and gives the lease back.
   * @param forcedAt when a server's refusal has forced the refresh, if it has
   * @returns false if the lease was lost: the tokens are not kept
   */
  async renew({ row: { key }, fence }: AccountLease, tokens: NewTokens, forcedAt?: number): Promise<boolean> {
    return await this.#change([key], async (transaction) => {
      const own = transaction.updateTable('account').where('key', '=', key).where('fence', '=', fence);
      const forced = forcedAt === undefined ? {} : { forced_at: forcedAt };
      const values = { ...tokenColumns(tokens), ...forced, version: sql<number>`version + 1` };
      const kept = await own.set(values).returning('key').executeTakeFirst();
      return kept ? [changedOf(key)] : undefined;
    });
  }

  /**
   * Stops the use of an account until its owner connects again. Nothing changes if it has got other tokens meanwhile.
   * @param seen the account whose tokens no longer work
   */
  async stop(
    { key, version }: Pick<AccountRow, 'key' | 'version'>,
    state: 'ended' | 'more_scopes' | 'refuses',
  ): Promise<boolean> {
    return await this.#change([key], async (transaction) => {
      const own = transaction.updateTable('account').where('key', '=', key).where('version', '=', version);
      const stopped = await own.set({ state, leased_until: 0 }).returning('key').executeTakeFirst();
      return stopped ? [changedOf(key)] : undefined;
    });
  }

  /** A person's accounts, newest first. */
  async ofSubject(subject: string): Promise<AccountRow[]> {
    const all = this.#db.selectFrom('account').selectAll().where('subject', '=', subject);
    const rows = await requestQuery(() => all.orderBy('created_at', 'desc').orderBy('key').execute());
    return rows.map(toAccountRow).map((row) => ({ ...row, usedAt: this.#cache.lastUse(row.key, row.usedAt) }));
  }

  /**
   * Accounts that are to be refreshed ahead: those that were used since the last refresh.
   * @param identities of the entries that can refresh
   */
  async due(now: number, identities: readonly string[]): Promise<AccountRow[]> {
    if (identities.length === 0) return [];
    const used = this.#db
      .selectFrom('account')
      .selectAll()
      .where('is_used', '=', sql.lit(1))
      .where('refresh_at', '<=', now)
      .where('identity', 'in', identities);
    const free = used.where('state', '=', 'ok').where('leased_until', '<=', databaseNow(this.#database.kind));
    return (await free.orderBy('refresh_at').limit(batch).execute()).map(toAccountRow);
  }

  /** Accounts that were last used before a time. */
  async unused(before: number): Promise<AccountRow[]> {
    const old = this.#db.selectFrom('account').selectAll().where('used_at', '<', before);
    return (await old.orderBy('used_at').limit(batch).execute()).map(toAccountRow);
  }

  /**
   * Deletes accounts, ends what they have open, and queues their tokens to be revoked at the providers.
   * @param unusedSince keeps those that were used since
   * @returns those that were deleted
   */
  async remove(rows: readonly AccountRow[], unusedSince?: number): Promise<AccountRow[]> {
    const gone: AccountRow[] = [];
    await this.#change(
      rows.map(({ key }) => key),
      async (transaction) => {
        for (const { key } of rows) {
          const own = transaction.deleteFrom('account').where('key', '=', key);
          const old = unusedSince === undefined ? own : own.where('used_at', '<', unusedSince);
          const row = await old.returningAll().executeTakeFirst();
          if (!row) continue;
          gone.push(toAccountRow(row));
          await endSessions(transaction, row);
        }
        await depart(transaction, gone);
        return gone.length > 0 ? gone.flatMap(({ key }) => goneMarks(key)) : undefined;
      },
    );
    return gone;
  }

  /** Empties the memory: another process has changed something. */
  forget(): void {
    this.#cache.clear();
  }

  /** Drops what keys of the feed name. */
  dropChanged(marks: readonly string[]): void {
    for (const mark of marks) this.#cache.invalidate(withoutChange(mark));
  }

  /** Writes the times of use. */
  flush(): Promise<void> {
    const write = (rest: RawBuilder<unknown>) =>
      this.#db.transaction().execute(async (transaction) => {
        await this.#database.alone(transaction, turns.accounts);
        await sql`update account set used_at = used.column2, is_used = 1 ${rest}
          and account.used_at <= used.column2`.execute(transaction);
      });
    return this.#cache.flush((uses) => writeUses(uses, 'account.key', write));
  }

  /**
   * Changes rows, and says so in the feed as part of the transaction.
   * @param work returns the keys for the feed, or undefined if nothing has changed
   */
  async #change(
    keys: readonly string[],
    work: (transaction: Transaction<Schema>) => Promise<readonly string[] | undefined>,
  ): Promise<boolean> {
    const marks = await this.#db.transaction().execute(async (transaction) => {
      await this.#database.alone(transaction, turns.accounts);
      const changed = await work(transaction);
      if (changed) await this.#feed.append(transaction, changed);
      return changed;
    });
    for (const key of keys) this.#cache.invalidate(accountMark(key));
    return marks !== undefined;
  }
}
