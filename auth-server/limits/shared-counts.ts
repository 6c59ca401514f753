import type { Logger } from '../../common/service/log.ts';
import { interval } from '../../common/time/interval.ts';
import type { CountStore } from './count-store.ts';
import { type Asked, type Batch, type Counts, createCounts, type Full } from './counts.ts';

export interface SharingOptions {
  store: CountStore;
  /** Whether there is something to count. */
  hasLimits: () => boolean;
  log: Pick<Logger, 'error' | 'info'>;
  /** Milliseconds of a monotonic clock. */
  monotonic?: (() => number) | undefined;
  /** How often counts are shared, in milliseconds; 0 for never by itself. */
  every?: number | undefined;
  /** How many counts are in memory. */
  kept?: number | undefined;
}

const shareMilliseconds = 1_000;
/** Without calls, a process says this often that it is there, and learns how many are. */
const idleMilliseconds = 5_000;
const pruneMilliseconds = 60_000;
/** A database that takes this long does not answer. */
const slowMilliseconds = 2_000;
const mostRows = 5_000;
const mostRecalled = 10_000;

/** Starts to share. Resolves when the counts of windows that are open are known, if there is something to count. */
export async function shareCounts(options: SharingOptions): Promise<SharedCounts> {
  const shared = new SharedCounts(options);
  if (options.hasLimits()) await shared.share().catch(shared.failed);
  return shared;
}

/** The counts of this process, which it shares with all others once a second. */
export class SharedCounts {
  readonly #options: SharingOptions;
  readonly #monotonic: () => number;
  readonly #counts: Counts;
  readonly #timer: NodeJS.Timeout | undefined;
  /** From the monotonic clock to that of the database. */
  #ahead: number;
  #processes = 1;
  #isFailing = false;
  #isRecalled = false;
  #busySince: number | undefined;
  #sharedAt = Number.NEGATIVE_INFINITY;
  #prunedAt: number;
  /** A batch of which it is not known whether the database has it. */
  #unsure: Batch | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: SharingOptions) {
    const { monotonic = () => performance.now(), every = shareMilliseconds, kept } = options;
    this.#options = options;
    this.#monotonic = monotonic;
    this.#ahead = Date.now() - monotonic();
    this.#prunedAt = monotonic();
    this.#counts = createCounts(() => this.now(), kept);
    this.#timer = every > 0 ? interval(every, () => this.#tick(), this.failed) : undefined;
  }

  readonly failed = (err: unknown) => {
    this.#options.log.error({ err }, 'the counts of limits cannot be shared: each process counts alone');
  };

  take(asked: readonly Asked[]): Full | (() => void) {
    return this.#counts.take(asked, { isAlone: this.isAlone(), processes: this.#processes });
  }

  /** Milliseconds since 1970 by the clock of the database. */
  now(): number {
    return this.#monotonic() + this.#ahead;
  }

  /** Whether this process counts alone, because the database does not answer. */
  isAlone(): boolean {
    return this.#isFailing || (this.#busySince !== undefined && this.#since(this.#busySince) > slowMilliseconds);
  }

  /** How many counts are in memory. */
  size(): number {
    return this.#counts.size();
  }

  /** Shares at once. Rejects if the database does not answer. */
  share(): Promise<void> {
    this.#running = this.#running.catch(() => undefined).then(() => this.#share());
    return this.#running;
  }

  /** Shares for the last time. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#counts.unsent() > 0) await this.share().catch(this.failed);
    await this.#options.store.close();
  }

  async #tick(): Promise<void> {
    if (!this.#options.hasLimits()) return;
    const isDue = this.#counts.unsent() > 0 || this.#isFailing || this.#since(this.#sharedAt) >= idleMilliseconds;
    if (isDue) await this.share();
  }

  async #share(): Promise<void> {
    this.#busySince = this.#monotonic();
    try {
      await this.#catchUp();
      await this.#exchange();
      if (this.#isFailing) this.#options.log.info('the counts of limits are shared again');
      this.#isFailing = false;
    } catch (error) {
      this.#isFailing = true;
      throw error;
    } finally {
      this.#busySince = undefined;
    }
  }

  /** What this process does not yet know: how far callers were before it began, and whether its last batch arrived. */
  async #catchUp(): Promise<void> {
    const { store } = this.#options;
    if (!this.#isRecalled) this.#counts.recall(await store.nearest(mostRecalled));
    this.#isRecalled = true;
    if (this.#unsure && (await store.lastBatch()) >= this.#unsure.number) this.#counts.shared(this.#unsure);
    this.#unsure = undefined;
  }

  async #exchange(): Promise<void> {
    const { store } = this.#options;
    const batch = this.#counts.batch(mostRows);
    this.#unsure = batch;
    const before = this.#monotonic();
    const said = await store.add(batch.number, batch.rows);
    this.#unsure = undefined;
    this.#counts.shared(batch, said.totals);
    this.#ahead = said.now - (before + this.#monotonic()) / 2;
    this.#processes = said.processes;
    this.#sharedAt = this.#monotonic();
    if (this.#since(this.#prunedAt) < pruneMilliseconds) return;
    this.#prunedAt = this.#monotonic();
    await store.prune();
  }

  #since(milliseconds: number): number {
    return this.#monotonic() - milliseconds;
  }
}
