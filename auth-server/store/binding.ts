import { hash } from 'node:crypto';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { nowInSeconds } from '../../common/time/now.ts';
import type { Schema } from './migrations.ts';
import { RecordCache } from './record-cache.ts';
import { requestQuery } from './request-query.ts';
import { writeUses } from './write-uses.ts';

/** Binds a session or task of an MCP server to the caller that it was made for. */
export interface Binding {
  kind: 'session' | 'task';
  server: string;
  id: string;
  /** `person:` or `agent:` and the subject. */
  owner: string;
  /** With a session of the 2024-11-05 transport: path and query at the upstream to which its messages go. */
  target?: string | undefined;
  /** With a session: whether its client can ask its person to open a page. */
  opensPages?: boolean | undefined;
}

export type BindingStore = Pick<DatabaseBindings, 'bind' | 'find' | 'findOwn' | 'unbind' | 'endServer'>;

/**
 * After how long without use a binding ends, and how many of one kind an owner may have: at one server, and at all of them
 * together. A server can announce any number, so its own count first.
 */
export type BindingLimits = Record<'idleSeconds' | 'perServer' | 'perOwner', number>;

type UsedBinding = Binding & { usedAt: number };
/** A binding as it is counted. */
type Counted = Record<'kind' | 'owner' | 'server' | 'key', string>;

/** In characters. Servers choose the ids of sessions and tasks, and callers name them in requests of any size. */
export const longestId = 4_096;
/** PostgreSQL takes no keys of more than 2,700 bytes into an index. */
const longestKeyed = 1_024;

/** So many at a time, if a limit was lowered: the next binding drops the rest. */
const mostDropped = 1_000;

/** Bindings in the database, shared by all processes and kept over restarts; those in use also in memory. */
export class DatabaseBindings {
  readonly #db: Kysely<Schema>;
  readonly #limits: BindingLimits;
  readonly #cache: RecordCache<UsedBinding>;
  readonly #writeEverySeconds: number;

  /** @param memorySeconds how long a binding is used without reading it again */
  constructor(db: Kysely<Schema>, limits: BindingLimits, memorySeconds: number) {
    this.#db = db;
    this.#cache = new RecordCache(100_000, memorySeconds);
    this.#limits = limits;
    this.#writeEverySeconds = Math.min(300, Math.ceil(limits.idleSeconds / 10));
  }

  /**
   * Binds a session or task to `owner`. Past the limit of a server, the owner's least recently used bindings there are
   * deleted. Past the limit of the owner, those at the server that has the most: a server can displace others' only down to
   * as many as it has itself.
   * @returns false if it is already bound to another owner, which does not change
   */
  async bind({ kind, server, id, owner, target, opensPages = false }: Binding): Promise<boolean> {
    const key = keyOf(kind, server, id);
    const opens_pages = Number(opensPages);
    const row = { key, kind, server, id, owner, target: target ?? null, opens_pages, used_at: nowInSeconds() };
    const stored = await this.#db.transaction().execute(async (db) => {
      await db.deleteFrom('binding').where('used_at', '<', this.#oldest()).execute();
      await db
        .insertInto('binding')
        .values(row)
        .onConflict((c) =>
          c
            .column('key')
            .doUpdateSet({ target: row.target, opens_pages, used_at: row.used_at })
            .where('binding.owner', '=', owner),
        )
        .execute();
      await this.#dropOldest(db, row, this.#limits.perServer - 1);
      await this.#dropLargest(db, row);
      return await db.selectFrom('binding').select('owner').where('key', '=', key).executeTakeFirst();
    });
    this.#cache.invalidate(key);
    return stored?.owner === owner;
  }

  /** Finds a binding and notes its use. A binding that was idle for too long no longer exists. */
  async find(kind: Binding['kind'], server: string, id: string): Promise<Binding | undefined> {
    if (id.length > longestId) return undefined;
    const key = keyOf(kind, server, id);
    const cached = this.#cache.get(key);
    // Too old by what this process knows: another one may have seen it in use since.
    const found = cached && cached.usedAt >= this.#oldest() ? cached : await this.#read(key);
    if (!found || found.usedAt < this.#oldest()) return undefined;
    const now = nowInSeconds();
    if (now - found.usedAt >= this.#writeEverySeconds) {
      found.usedAt = now;
      this.#cache.use(key, now);
    }
    return found;
  }

  /**
   * Finds those of `ids` that are `owner`'s at one server, and notes their use. Always one query, which reads only what the
   * owner has: a server chooses the ids, so their number must not decide what the answer costs.
   */
  async findOwn(kind: Binding['kind'], server: string, owner: string, ids: readonly string[]): Promise<string[]> {
    const own = this.#db.selectFrom('binding').select(['key', 'id', 'used_at']).where('owner', '=', owner);
    const query = own.where('kind', '=', kind).where('server', '=', server);
    const rows = ids.length > 0 ? await requestQuery(() => query.execute()) : [];
    const [asked, now] = [new Set(ids), nowInSeconds()];
    const found = rows.flatMap(({ key, id, used_at }) =>
      asked.has(id) ? [{ key, id, usedAt: this.#cache.lastUse(key, used_at) }] : [],
    );
    const alive = found.filter(({ usedAt }) => usedAt >= this.#oldest());
    for (const { key, usedAt } of alive) if (now - usedAt >= this.#writeEverySeconds) this.#cache.use(key, now);
    return alive.map(({ id }) => id);
  }

  /** Deletes a binding if it is `owner`'s. */
  async unbind({ kind, server, id, owner }: Binding): Promise<void> {
    const key = keyOf(kind, server, id);
    await this.#db.deleteFrom('binding').where('key', '=', key).where('owner', '=', owner).execute();
    this.#cache.remove(key);
  }

  /** Deletes all bindings of a server, which has another name now. @returns how many there were */
  async endServer(server: string): Promise<number> {
    const [{ numDeletedRows } = { numDeletedRows: 0n }] = await this.#db
      .deleteFrom('binding')
      .where('server', '=', server)
      .execute();
    this.#cache.clear();
    return Number(numDeletedRows);
  }

  /** Empties the memory: another process has changed something. */
  forget(): void {
    this.#cache.clear();
  }

  /** Writes the times of use. */
  flush(): Promise<void> {
    const write = (rest: RawBuilder<unknown>) =>
      sql`update binding set used_at = used.column2 ${rest}`.execute(this.#db);
    return this.#cache.flush((uses) => writeUses(uses, 'binding.key', write));
  }

  #read(key: string): Promise<UsedBinding | undefined> {
    const query = this.#db.selectFrom('binding').selectAll().where('key', '=', key);
    return this.#cache.load(key, async () => {
      const row = await requestQuery(() => query.executeTakeFirst());
      if (!row) return undefined;
      const { kind, server, id, owner, target, opens_pages } = row;
      const usedAt = this.#cache.lastUse(key, row.used_at);
      const found = { kind: kind as Binding['kind'], server, id, owner, target: target ?? undefined, usedAt };
      return opens_pages === 1 ? { ...found, opensPages: true } : found;
    });
  }

  /**
   * Deletes the least recently used ones at a server.
   * @param newest is kept, even if others were used in the same second
   * @param others how many others are kept
   */
  async #dropOldest(db: Transaction<Schema>, newest: Counted, others: number): Promise<void> {
    const { kind, owner, server, key } = newest;
    const all = db.selectFrom('binding').select('key').where('owner', '=', owner).where('kind', '=', kind);
    const tooMany = await all
      .where('server', '=', server)
      .where('key', '!=', key)
      .orderBy('used_at', 'desc')
      .orderBy('key')
      .limit(mostDropped)
      .offset(others)
      .execute();
    const keys = tooMany.map((row) => row.key);
    if (keys.length > 0) await db.deleteFrom('binding').where('key', 'in', keys).execute();
    for (const dropped of keys) this.#cache.invalidate(dropped);
  }

  /** Past the owner's limit, deletes the least recently used one at the server with the most. */
  async #dropLargest(db: Transaction<Schema>, newest: Counted): Promise<void> {
    const { kind, owner, server } = newest;
    const counts = await db
      .selectFrom('binding')
      .select(({ fn }) => ['server', fn.countAll<number | string>().as('count')])
      .where('owner', '=', owner)
      .where('kind', '=', kind)
      .groupBy('server')
      .execute();
    const sizes = counts.map((row) => ({ server: row.server, count: Number(row.count) }));
    if (sizes.reduce((sum, { count }) => sum + count, 0) <= this.#limits.perOwner) return;
    // Of equal ones the one that adds, so that it gains nothing by being as large as another.
    const rank = (size: { server: string; count: number }) => size.count + (size.server === server ? 0.5 : 0);
    const largest = sizes.reduce((a, b) => (rank(b) > rank(a) ? b : a));
    if (largest.server === server) return await this.#dropOldest(db, newest, Math.max(0, largest.count - 2));
    await this.#dropOldest(db, { ...newest, server: largest.server }, largest.count - 1);
  }

  #oldest(): number {
    return nowInSeconds() - this.#limits.idleSeconds;
  }
}

/** Neither kind nor server name contains a space, and no kind a `#`. */
function keyOf(kind: string, server: string, id: string): string {
  return id.length <= longestKeyed ? `${kind} ${server} ${id}` : `${kind}# ${server} ${hash('sha256', id)}`;
}
