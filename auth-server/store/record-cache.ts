import type { LRUCache } from 'lru-cache';
import { boundedCache } from '../../common/service/bounded-cache.ts';

/** When a record was last used, in seconds since 1970, and from which address if that is noted. */
export interface Use {
  at: number;
  where?: string | undefined;
}

/**
 * Records in memory, by key, and when each was last used. Times of use are written in batches, because a write with
 * each request would wait for the disk each time.
 */
export class RecordCache<T extends object> {
  readonly #records: LRUCache<string, T>;
  readonly #uses = new Map<string, Use>();
  /** Counts invalidations: an answer that the database was preparing meanwhile may be outdated and is not kept. */
  #version = 0;

  /** @param memorySeconds how long a record is used without reading it again */
  constructor(max: number, memorySeconds: number) {
    this.#records = boundedCache(max, { ttl: memorySeconds * 1000, ttlResolution: memorySeconds * 10 });
  }

  get(key: string): T | undefined {
    return this.#records.get(key);
  }

  /** Reads a record with `read`, and keeps it unless something was invalidated meanwhile. */
  async load(key: string, read: () => Promise<T | undefined>): Promise<T | undefined> {
    const version = this.#version;
    const record = await read();
    if (record && version === this.#version) this.#records.set(key, record);
    return record;
  }

  /** Notes when and where a record was used, to be written by the next {@link flush}. */
  use(key: string, at: number, where?: string): void {
    this.#uses.set(key, { at, where });
  }

  /** The later of a stored time of use and the one that is not written yet. */
  lastUse(key: string, stored: number): number {
    return this.latest(key, { at: stored }).at;
  }

  /** The later of a stored use and the one that is not written yet. */
  latest(key: string, stored: Use): Use {
    const noted = this.#uses.get(key);
    return noted && noted.at > stored.at ? noted : stored;
  }

  /** Drops a record that has changed in the database. */
  invalidate(key: string): void {
    this.#version++;
    this.#records.delete(key);
  }

  /** Drops a record that was deleted in the database. */
  remove(key: string): void {
    this.invalidate(key);
    this.#uses.delete(key);
  }

  /** Drops all records: another process has changed something. Keeps the times of use. */
  clear(): void {
    this.#version++;
    this.#records.clear();
  }

  /** Hands the times of use to `write`. They are kept, and readable here, until that has succeeded. */
  async flush(
    write: (uses: readonly (readonly [key: string, at: number, where: string | undefined])[]) => Promise<void>,
  ): Promise<void> {
    const batch = [...this.#uses];
    if (batch.length === 0) return;
    await write(batch.map(([key, { at, where }]) => [key, at, where]));
    for (const [key, use] of batch) if (this.#uses.get(key) === use) this.#uses.delete(key);
  }
}
