import type { DeleteQueryBuilder, Kysely, Selectable } from 'kysely';
import { LRUCache } from 'lru-cache';
import { nowInSeconds } from '../../common/time/now.ts';
import { asking } from './asking.ts';
import type { EndedStore } from './ended-store.ts';
import type { Schema } from './migrations.ts';
import { sessionMark } from './revocation-keys.ts';
import type { Confirmation, SessionOwner, SessionRecord, SessionStore } from './session-store.ts';

const seenEverySeconds = 30;

/** Sessions in the database, those in use also in memory. */
export class DatabaseSessions implements SessionStore {
  readonly #db: Kysely<Schema>;
  readonly #ended: EndedStore;
  readonly #lookedUp: (hit: boolean) => void;
  readonly #known: LRUCache<string, SessionRecord>;
  readonly #seen = new Map<string, number>();
  /** Counts what makes memory wrong: an answer of the database that was on its way meanwhile is not kept. */
  #changes = 0;

  /**
   * @param lookedUp told of each look-up in memory whether it was a hit
   * @param memorySeconds how long a record is believed without asking the database
   */
  constructor(db: Kysely<Schema>, ended: EndedStore, lookedUp: (hit: boolean) => void, memorySeconds: number) {
    this.#db = db;
    this.#ended = ended;
    this.#lookedUp = lookedUp;
    this.#known = new LRUCache({ max: 50_000, ttl: memorySeconds * 1000, ttlResolution: memorySeconds * 10 });
  }

  async add(record: SessionRecord): Promise<void> {
    await this.#db.deleteFrom('session').where('expires_at', '<', nowInSeconds()).execute();
    await this.#db.insertInto('session').values(toRow(record)).execute();
  }

  async find(sid: string): Promise<SessionRecord | undefined> {
    const kept = this.#known.get(sid);
    this.#lookedUp(kept !== undefined);
    return kept ?? (await this.read(sid));
  }

  async read(sid: string): Promise<SessionRecord | undefined> {
    const changes = this.#changes;
    const query = this.#db.selectFrom('session').selectAll().where('sid', '=', sid);
    const row = await asking(() => query.executeTakeFirst());
    if (!row) return undefined;
    const record = this.#toRecord(row);
    if (changes === this.#changes) this.#known.set(sid, record);
    return record;
  }

  touch(record: SessionRecord, now: number): void {
    if (now - record.lastSeen < seenEverySeconds) return;
    record.lastSeen = now;
    this.#seen.set(record.sid, now);
  }

  async lease(sid: string, forSeconds: number): Promise<SessionRecord | undefined> {
    const now = nowInSeconds();
    const free = this.#db.updateTable('session').where('sid', '=', sid).where('leased_until', '<=', now);
    const row = await free
      .set({ leased_until: now + forSeconds })
      .returningAll()
      .executeTakeFirst();
    return row && this.#toRecord(row);
  }

  async release(sid: string): Promise<void> {
    await this.#db.updateTable('session').set({ leased_until: 0 }).where('sid', '=', sid).execute();
  }

  async confirm(sid: string, { groups, refreshedAt, refreshToken }: Confirmation): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      const before = await transaction.selectFrom('session').select('groups').where('sid', '=', sid).executeTakeFirst();
      if (!before) return;
      const change = {
        groups: JSON.stringify(groups),
        refreshed_at: refreshedAt,
        refresh_token: refreshToken ?? null,
        leased_until: 0,
      };
      await transaction.updateTable('session').set(change).where('sid', '=', sid).execute();
      // What the person has open was judged by the groups of before: it ends, and is judged anew when it comes back.
      if (!sameGroups(JSON.parse(before.groups), groups)) await this.#ended.addIn(transaction, [sessionMark(sid)]);
    });
    this.#forgetOne(sid);
  }

  async list(): Promise<SessionRecord[]> {
    const all = this.#db.selectFrom('session').selectAll().where('expires_at', '>', nowInSeconds());
    return (await all.orderBy('created_at', 'desc').orderBy('sid').execute()).map((row) => this.#toRecord(row));
  }

  async end(owner: SessionOwner): Promise<number> {
    // Both or neither: who keeps something open, or a record in memory, hears of the end by the marks only.
    const gone = await this.#db.transaction().execute(async (transaction) => {
      const all = transaction.deleteFrom('session').returning('sid');
      const rows = await theirs(all, owner).execute();
      if (rows.length > 0) {
        await this.#ended.addIn(
          transaction,
          rows.map(({ sid }) => sessionMark(sid)),
        );
      }
      return rows;
    });
    for (const { sid } of gone) {
      this.#forgetOne(sid);
      this.#seen.delete(sid);
    }
    return gone.length;
  }

  /** Forgets what is in memory only: another process has changed something. */
  forget(): void {
    this.#changes++;
    this.#known.clear();
  }

  /** Writes the times of use. Not done with each request, which would wait for the disk each time. */
  async flush(): Promise<void> {
    const batch = [...this.#seen];
    if (batch.length === 0) return;
    await this.#db.transaction().execute(async (db) => {
      for (const [sid, at] of batch) {
        await db
          .updateTable('session')
          .set({ last_seen: at })
          .where('sid', '=', sid)
          .where('last_seen', '<', at)
          .execute();
      }
    });
    // Only now: what could not be written is tried again, and until then a reader finds it here.
    for (const [sid, at] of batch) if (this.#seen.get(sid) === at) this.#seen.delete(sid);
  }

  #forgetOne(sid: string): void {
    this.#changes++;
    this.#known.delete(sid);
  }

  #toRecord(row: Row): SessionRecord {
    const record = toRecord(row);
    return { ...record, lastSeen: Math.max(record.lastSeen, this.#seen.get(row.sid) ?? 0) };
  }
}

type Deletion = DeleteQueryBuilder<Schema, 'session', { sid: string }>;

function theirs(all: Deletion, owner: SessionOwner): Deletion {
  if (owner === 'everybody') return all;
  if ('sid' in owner) return all.where('sid', '=', owner.sid);
  if ('clientId' in owner) return all.where('client_id', '=', owner.clientId);
  return all.where((e) => e.or([e('username', '=', owner.user), e('sub', '=', owner.user)]));
}

function sameGroups(before: readonly string[], now: readonly string[]): boolean {
  return JSON.stringify([...before].sort()) === JSON.stringify([...now].sort());
}

type Row = Selectable<Schema['session']>;

function toRow(record: SessionRecord): Row {
  return {
    sid: record.sid,
    sub: record.sub,
    username: record.username,
    groups: JSON.stringify(record.groups),
    created_at: record.createdAt,
    expires_at: record.expiresAt,
    provider: record.provider,
    client_id: record.clientId,
    refreshed_at: record.refreshedAt,
    last_seen: record.lastSeen,
    refresh_token: record.refreshToken ?? null,
    leased_until: 0,
  };
}

function toRecord(row: Row): SessionRecord {
  return {
    sid: row.sid,
    sub: row.sub,
    username: row.username,
    groups: JSON.parse(row.groups) as string[],
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    provider: row.provider,
    clientId: row.client_id,
    refreshedAt: row.refreshed_at,
    lastSeen: row.last_seen,
    refreshToken: row.refresh_token ?? undefined,
  };
}
