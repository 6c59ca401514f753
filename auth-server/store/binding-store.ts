import type { Kysely, Transaction } from 'kysely';
import { LRUCache } from 'lru-cache';
import { nowInSeconds } from '../../common/time/now.ts';
import { asking } from './asking.ts';
import type { Schema } from './migrations.ts';

/** Whose something is that an MCP server has made for a caller. */
export interface Binding {
  kind: 'session' | 'task';
  server: string;
  id: string;
  /** `person:` or `agent:` and the subject. */
  owner: string;
  /** With a session of the 2024-11-05 transport: path and query at the upstream where its messages go. */
  target: string | undefined;
}

/** Where it is kept whose sessions and tasks are whose: the same for every process, and after a restart. */
export interface BindingStore {
  /**
   * Notes that something is `owner`'s. Whoever has too many loses those unused for longest.
   * @returns false if it already is somebody else's, which it then stays
   */
  bind(binding: Binding): Promise<boolean>;
  /** Finds it, and notes that it is in use. One that was not used for too long is gone. */
  find(kind: Binding['kind'], server: string, id: string): Promise<Binding | undefined>;
  /** Forgets it, if it is `owner`'s. */
  unbind(binding: Omit<Binding, 'target'>): Promise<void>;
}

/** How long and how many. */
export interface BindingLimits {
  idleSeconds: number;
  perOwner: number;
}

interface Known extends Binding {
  usedAt: number;
}

/** Bindings in the database, those in use also in memory. */
export class DatabaseBindings implements BindingStore {
  readonly #db: Kysely<Schema>;
  readonly #limits: BindingLimits;
  readonly #known: LRUCache<string, Known>;
  readonly #used = new Map<string, number>();
  readonly #writeEverySeconds: number;
  /** Counts what makes memory wrong: an answer of the database that was on its way meanwhile is not kept. */
  #changes = 0;

  /** @param memorySeconds how long one is believed without asking the database */
  constructor(db: Kysely<Schema>, limits: BindingLimits, memorySeconds: number) {
    this.#db = db;
    this.#known = new LRUCache({ max: 100_000, ttl: memorySeconds * 1000 });
    this.#limits = limits;
    this.#writeEverySeconds = Math.min(300, Math.ceil(limits.idleSeconds / 10));
  }

  async bind({
    kind,
    server,
    id,
    owner,
    target = null,
  }: Omit<Binding, 'target'> & { target?: string | null | undefined }) {
    const key = keyOf(kind, server, id);
    const kept = await this.#db.transaction().execute(async (db) => {
      await db.deleteFrom('binding').where('used_at', '<', this.#oldest()).execute();
      const row = { key, kind, server, id, owner, target, used_at: nowInSeconds() };
      await db
        .insertInto('binding')
        .values(row)
        .onConflict((c) =>
          c.column('key').doUpdateSet({ target, used_at: row.used_at }).where('binding.owner', '=', owner),
        )
        .execute();
      await this.#dropOldest(db, kind, owner, key);
      return await db.selectFrom('binding').select('owner').where('key', '=', key).executeTakeFirst();
    });
    this.#forgetOne(key);
    return kept?.owner === owner;
  }

  async find(kind: Binding['kind'], server: string, id: string): Promise<Binding | undefined> {
    const key = keyOf(kind, server, id);
    const kept = this.#known.get(key);
    // Too old for this process: another one may have seen it in use since.
    const found = kept && kept.usedAt >= this.#oldest() ? kept : await this.#read(key);
    if (!found || found.usedAt < this.#oldest()) return undefined;
    const now = nowInSeconds();
    if (now - found.usedAt >= this.#writeEverySeconds) {
      found.usedAt = now;
      this.#used.set(key, now);
    }
    return found;
  }

  async unbind({ kind, server, id, owner }: Omit<Binding, 'target'>): Promise<void> {
    const key = keyOf(kind, server, id);
    await this.#db.deleteFrom('binding').where('key', '=', key).where('owner', '=', owner).execute();
    this.#forgetOne(key);
    this.#used.delete(key);
  }

  /** Forgets what is in memory only: another process has changed something. */
  forget(): void {
    this.#changes++;
    this.#known.clear();
  }

  /** Writes the times of use. Not done with each request, which would wait for the disk each time. */
  async flush(): Promise<void> {
    const batch = [...this.#used];
    if (batch.length === 0) return;
    await this.#db.transaction().execute(async (db) => {
      for (const [key, at] of batch)
        await db.updateTable('binding').set({ used_at: at }).where('key', '=', key).execute();
    });
    // Only now: what could not be written is tried again.
    for (const [key, at] of batch) if (this.#used.get(key) === at) this.#used.delete(key);
  }

  async #read(key: string): Promise<Known | undefined> {
    const changes = this.#changes;
    const query = this.#db.selectFrom('binding').selectAll().where('key', '=', key);
    const row = await asking(() => query.executeTakeFirst());
    if (!row) return undefined;
    const { kind, server, id, owner, target } = row;
    const usedAt = Math.max(row.used_at, this.#used.get(key) ?? 0);
    const found = { kind: kind as Binding['kind'], server, id, owner, target: target ?? undefined, usedAt };
    if (changes === this.#changes) this.#known.set(key, found);
    return found;
  }

  #forgetOne(key: string): void {
    this.#changes++;
    this.#known.delete(key);
  }

  /** @param newest stays, though others may be of the same second */
  async #dropOldest(db: Transaction<Schema>, kind: string, owner: string, newest: string): Promise<void> {
    const all = db.selectFrom('binding').select('key').where('owner', '=', owner).where('kind', '=', kind);
    const tooMany = await all
      .where('key', '!=', newest)
      .orderBy('used_at', 'desc')
      .orderBy('key')
      .limit(1000)
      .offset(this.#limits.perOwner - 1)
      .execute();
    for (const { key } of tooMany) {
      this.#forgetOne(key);
      await db.deleteFrom('binding').where('key', '=', key).execute();
    }
  }

  #oldest(): number {
    return nowInSeconds() - this.#limits.idleSeconds;
  }
}

/** Neither kind nor server name holds a space. */
function keyOf(kind: string, server: string, id: string): string {
  return `${kind} ${server} ${id}`;
}
