import { type DeleteQueryBuilder, type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { Database } from '../../common/database/database.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import { type Schema, turns } from './migrations.ts';
import { RecordCache } from './record-cache.ts';
import { requestQuery } from './request-query.ts';
import type { RevocationFeed } from './revocation-feed.ts';
import { revocationKey } from './revocation-feed.ts';
import { fromRow, type PersonAt, type SessionRecord, type SessionRow, toRow } from './session-record.ts';
import { writeUses } from './write-uses.ts';

/** Selects the sessions to end; `except` is one that stays, and no `kind` means all kinds. */
type SessionOwner =
  | { sid: string }
  | { user: string }
  | { clientId: string }
  | { oauthClient: string }
  | { person: PersonAt; kind: SessionRecord['kind'] | undefined; except?: string }
  | 'everybody';

export type SessionStore = Omit<DatabaseSessions, 'forget' | 'flush' | 'invalidate'>;

/** How often the last use is noted. A client's more rarely: its idle time is days, and each write makes other processes read again. */
const seenEverySeconds = { browser: 30, client: 3_600, personal: 3_600 } as const;

/**
 * Sessions in the database; those in use also in memory. An ended session stays ended after a restart, and for every
 * process.
 */
export class DatabaseSessions {
  readonly #db: Kysely<Schema>;
  readonly #alone: Database<Schema>['alone'];
  readonly #feed: RevocationFeed;
  readonly #lookedUp: (hit: boolean) => void;
  readonly #cache: RecordCache<SessionRecord>;

  /**
   * @param lookedUp called for each look-up in memory
   * @param memorySeconds how long a record is used without reading it again
   */
  constructor(
    { db, alone }: Database<Schema>,
    feed: RevocationFeed,
    lookedUp: (hit: boolean) => void,
    memorySeconds: number,
  ) {
    this.#db = db;
    this.#alone = alone;
    this.#feed = feed;
    this.#lookedUp = lookedUp;
    this.#cache = new RecordCache(50_000, memorySeconds);
  }

  async add(record: SessionRecord): Promise<void> {
    const old = this.#db.deleteFrom('session').where('expires_at', '<', nowInSeconds());
    const expired = await old.returning(['provider', 'sub']).execute();
    await this.#db.insertInto('session').values(toRow(record)).execute();
    await this.#forgetPeople(expired);
  }

  async find(sid: string): Promise<SessionRecord | undefined> {
    const cached = this.#cache.get(sid);
    this.#lookedUp(cached !== undefined);
    return cached ?? (await this.read(sid));
  }

  /** Reads the record from the database, whatever is in memory. */
  read(sid: string): Promise<SessionRecord | undefined> {
    const query = this.#db.selectFrom('session').selectAll().where('sid', '=', sid);
    return this.#cache.load(sid, async () => {
      const row = await requestQuery(() => query.executeTakeFirst());
      return row && this.#toRecord(row);
    });
  }

  /** Lets a session last until another time, in seconds since 1970. */
  async extend(sid: string, expiresAt: number): Promise<void> {
    await this.#db.updateTable('session').set({ expires_at: expiresAt }).where('sid', '=', sid).execute();
    this.#cache.invalidate(sid);
  }

  /** Notes that a session is in use, and where; written a little later. */
  touch(record: SessionRecord, now: number, address?: string): void {
    if (now - record.lastSeen < seenEverySeconds[record.kind]) return;
    Object.assign(record, { lastSeen: now, usedAddress: address });
    this.#cache.use(record.sid, now, address);
  }

  /** Drops records from memory that have changed in the database. */
  invalidate(sids: readonly string[]): void {
    for (const sid of sids) this.#cache.invalidate(sid);
  }

  /** The subjects of the people who have this name or subject now or had it when they logged in. */
  async subjectsOf(user: string): Promise<string[]> {
    const all = this.#db.selectFrom('session').select('sub').distinct();
    const found = all.where((e) => e.or([e('username', '=', user), e('sub', '=', user)]));
    return (await found.execute()).map(({ sub }) => sub);
  }

  /** All sessions that have not expired, newest first. */
  async list(): Promise<SessionRecord[]> {
    const all = this.#db.selectFrom('session').selectAll().where('expires_at', '>', nowInSeconds());
    return (await all.orderBy('created_at', 'desc').orderBy('sid').execute()).map((row) => this.#toRecord(row));
  }

  /** A person's sessions of all kinds that have not expired, at most `most`, newest first. */
  async ofPerson({ providers, sub }: PersonAt, most: number): Promise<SessionRecord[]> {
    const all = this.#db.selectFrom('session').selectAll().where('provider', 'in', providers).where('sub', '=', sub);
    const newest = all
      .where('expires_at', '>', nowInSeconds())
      .orderBy('created_at', 'desc')
      .orderBy('sid')
      .limit(most);
    return (await newest.execute()).map((row) => this.#toRecord(row));
  }

  /** How many records of a kind a person has. */
  async count({ providers, sub }: PersonAt, kind: SessionRecord['kind']): Promise<number> {
    const all = this.#db.selectFrom('session').where('provider', 'in', providers).where('sub', '=', sub);
    const ofKind = all.where('kind', '=', kind).where('expires_at', '>', nowInSeconds());
    const { count } = await ofKind.select((e) => e.fn.countAll().as('count')).executeTakeFirstOrThrow();
    return Number(count);
  }

  /** @returns how many sessions ended */
  async end(owner: SessionOwner): Promise<number> {
    // Both or neither: processes with the record in memory, or an open stream, learn of the end from the feed only.
    const ended = await this.#changeMany(async (transaction) => {
      const all = transaction.deleteFrom('session').returning(['sid', 'provider', 'sub']);
      const gone = await ownedBy(all, owner).execute();
      const keys = gone.map(({ sid }) => revocationKey('session', sid));
      if (keys.length > 0) await this.#feed.append(transaction, keys);
      return gone;
    });
    for (const { sid } of ended) this.#cache.remove(sid);
    await this.#forgetPeople(ended);
    return ended.length;
  }

  /** Empties the memory: another process has changed something. */
  forget(): void {
    this.#cache.clear();
  }

  /** Writes the times of use. */
  flush(): Promise<void> {
    const write = (rest: RawBuilder<unknown>) =>
      this.#changeMany((db) =>
        sql`update session set last_seen = used.column2, used_address = used.column3 ${rest}
          and session.last_seen < used.column2`.execute(db),
      );
    return this.#cache.flush((uses) => writeUses(uses, 'session.sid', write));
  }

  #toRecord(row: SessionRow): SessionRecord {
    const stored = { at: row.last_seen, where: row.used_address ?? undefined };
    return fromRow(row, this.#cache.latest(row.sid, stored));
  }

  /** Two transactions that change the same rows in another order would wait for each other. */
  #changeMany<T>(change: (transaction: Transaction<Schema>) => Promise<T>): Promise<T> {
    return this.#db.transaction().execute(async (transaction) => {
      await this.#alone(transaction, turns.sessions);
      return await change(transaction);
    });
  }

  /** Deletes what is known about people who have no session any more. */
  async #forgetPeople(ended: readonly Pick<SessionRow, 'provider' | 'sub'>[]): Promise<void> {
    const people = new Map(ended.map(({ provider, sub }) => [`${provider} ${sub}`, { provider, sub }]));
    for (const { provider, sub } of people.values()) {
      const person = this.#db.deleteFrom('person').where('provider', '=', provider).where('sub', '=', sub);
      const left = this.#db.selectFrom('session').where('provider', '=', provider).where('sub', '=', sub);
      await person.where((e) => e.not(e.exists(left.select('sid')))).execute();
    }
  }
}

type Ended = Pick<SessionRow, 'sid' | 'provider' | 'sub'>;
type Deletion = DeleteQueryBuilder<Schema, 'session', Ended>;

function ownedBy(all: Deletion, owner: SessionOwner): Deletion {
  if (owner === 'everybody') return all;
  if ('sid' in owner) return all.where('sid', '=', owner.sid);
  if ('person' in owner) {
    const { person, kind, except = '' } = owner;
    const own = all.where('provider', 'in', person.providers).where('sub', '=', person.sub).where('sid', '!=', except);
    return kind === undefined ? own : own.where('kind', '=', kind);
  }
  if ('oauthClient' in owner) return all.where('oauth_client', '=', owner.oauthClient);
  if ('clientId' in owner)
    return all.where((e) => e.or([e('client_id', '=', owner.clientId), e('oauth_client', '=', owner.clientId)]));
  // By subject: a name may have changed since, and other sessions of the same person may have another one.
  const { user } = owner;
  return all.where('sub', 'in', (e) =>
    e
      .selectFrom('session')
      .select('sub')
      .where((o) => o.or([o('username', '=', user), o('sub', '=', user)])),
  );
}
