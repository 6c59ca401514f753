import type { Kysely, Selectable } from 'kysely';
import { LRUCache } from 'lru-cache';
import { sessionMark } from '../ended-marks.ts';
import type { EndedStore } from './ended-store.ts';
import type { Schema } from './migrations.ts';
import type { Confirmation, SessionOwner, SessionRecord, SessionStore } from './session-store.ts';

const seenEverySeconds = 30;

/** Sessions in the database, those in use also in memory. */
export class DatabaseSessions implements SessionStore {
  readonly #db: Kysely<Schema>;
  readonly #ended: EndedStore;
  readonly #lookedUp: (hit: boolean) => void;
  readonly #known = new LRUCache<string, SessionRecord>({ max: 50_000, ttl: 60_000 });
  readonly #seen = new Map<string, number>();

  /** @param lookedUp told of each look-up in memory whether it was a hit */
  constructor(db: Kysely<Schema>, ended: EndedStore, lookedUp: (hit: boolean) => void) {
    this.#db = db;
    this.#ended = ended;
    this.#lookedUp = lookedUp;
  }

  async add(record: SessionRecord): Promise<void> {
    await this.#db.deleteFrom('session').where('expires_at', '<', seconds()).execute();
    await this.#db.insertInto('session').values(toRow(record)).execute();
  }

  async find(sid: string): Promise<SessionRecord | undefined> {
    const kept = this.#known.get(sid);
    this.#lookedUp(kept !== undefined);
    if (kept) return kept;
    const row = await this.#db.selectFrom('session').selectAll().where('sid', '=', sid).executeTakeFirst();
    if (!row) return undefined;
    const record = toRecord(row);
    record.lastSeen = Math.max(record.lastSeen, this.#seen.get(sid) ?? 0);
    this.#known.set(sid, record);
    return record;
  }

  touch(record: SessionRecord, now: number): void {
    if (now - record.lastSeen < seenEverySeconds) return;
    record.lastSeen = now;
    this.#seen.set(record.sid, now);
  }

  async lease(sid: string, forSeconds: number): Promise<boolean> {
    const now = seconds();
    const free = this.#db
      .updateTable('session')
      .set({ leased_until: now + forSeconds })
      .where('sid', '=', sid);
    const { numUpdatedRows } = await free.where('leased_until', '<=', now).executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async confirm(
    sid: string,
    {
      groups,
      refreshedAt,
      refreshToken = null,
    }: Omit<Confirmation, 'refreshToken'> & { refreshToken: string | null | undefined },
  ): Promise<void> {
    const before = await this.#db.selectFrom('session').select('groups').where('sid', '=', sid).executeTakeFirst();
    const change = {
      groups: JSON.stringify(groups),
      refreshed_at: refreshedAt,
      refresh_token: refreshToken,
      leased_until: 0,
    };
    await this.#db.updateTable('session').set(change).where('sid', '=', sid).execute();
    this.#known.delete(sid);
    // What the person has open was judged by the groups of before: it ends, and is judged anew when it comes back.
    if (before && before.groups !== change.groups) await this.#ended.add(sessionMark(sid));
  }

  async list(): Promise<SessionRecord[]> {
    const all = this.#db.selectFrom('session').selectAll().where('expires_at', '>', seconds());
    return (await all.orderBy('created_at', 'desc').execute()).map(toRecord);
  }

  async end(owner: SessionOwner): Promise<number> {
    const all = this.#db.deleteFrom('session').returning('sid');
    const theirs =
      owner === 'everybody'
        ? all
        : 'sid' in owner
          ? all.where('sid', '=', owner.sid)
          : 'clientId' in owner
            ? all.where('client_id', '=', owner.clientId)
            : all.where((e) => e.or([e('username', '=', owner.user), e('sub', '=', owner.user)]));
    if (owner !== 'everybody' && 'sid' in owner) this.#known.delete(owner.sid);
    const gone = await theirs.execute();
    for (const { sid } of gone) {
      this.#known.delete(sid);
      this.#seen.delete(sid);
      await this.#ended.add(sessionMark(sid));
    }
    return gone.length;
  }

  /** Forgets what is in memory only: another process has changed something. */
  forget(): void {
    this.#known.clear();
  }

  /** Writes the times of use. Not done with each request, which would wait for the disk each time. */
  async flush(): Promise<void> {
    const batch = [...this.#seen];
    this.#seen.clear();
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
  }
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

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
