import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Pace } from '../../common/answers/pace.ts';
import { Credit } from '../../common/time/credit.ts';

/** Part of the relay's only thread that the answers of one server may take, and when no other server was active lately. */
const share = 0.25;
const shareAlone = 0.7;
const lately = 1_000;
/** Milliseconds of work that a server may save up, and the length of a slice. Ordinary answers take less than half a slice. */
const burst = 20;
const slice = 1;

/** Questions about tasks that no request asked for: how many more in a second. */
const questionsPerSecond = 10;

/** Log lines about what a server sends on its streams: how many at once, and how many more in a second. */
const lineBurst = 20;
const linesPerSecond = 1;

/** The pace of one answer or stream. */
export interface ServerPace extends Pace {
  /** Begins to measure: input has arrived. */
  begin(): void;
  /** Counts the work since `begin`. */
  end(): void;
}

/** What tells the time of a thread, in milliseconds. */
export interface ThreadClock {
  /** Monotonic. */
  now(): number;
  /** Processor time that the thread has used. */
  used(): number;
  sleep(milliseconds: number): Promise<unknown>;
}

const threadClock: ThreadClock = {
  now: () => performance.now(),
  used() {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  },
  sleep,
};

/** Divides the relay's thread between servers: what one server sends delays the callers of others by a slice at most. */
export class ServerShares {
  readonly #shares = new Map<string, ServerShare>();
  readonly #questionBurst: number;
  readonly #clock: ThreadClock;
  /** The server that was active last, and since when it has been the only one. */
  #active = { server: '', since: 0 };

  /** @param questionBurst how many questions a server may cause at once */
  constructor(questionBurst = 100, clock = threadClock) {
    this.#questionBurst = questionBurst;
    this.#clock = clock;
  }

  /**
   * Begins the pace of one answer or stream of `server`. All paces of a server share its time.
   * @param kind the small answers of a busy server do not count; of a stream, which the server sends unasked, all does
   */
  paceOf(server: string, kind: 'answer' | 'stream'): ServerPace {
    const free = kind === 'stream' ? 0 : slice / 2;
    const own = this.#shareOf(server);
    const clock = this.#clock;
    let began = 0;
    let cpuBegan = 0;
    const begin = () => {
      this.#noteActive(server);
      began = clock.now();
      cpuBegan = clock.used();
    };
    begin();
    /** Not by the clock: on a busy machine, other processes' work would count too. */
    const spent = () => {
      const passed = clock.now() - began;
      return passed < slice / 4 ? passed : clock.used() - cpuBegan;
    };
    const end = () => {
      const milliseconds = spent();
      if (milliseconds > free) own.spend(milliseconds);
    };
    return {
      begin,
      end,
      isDue() {
        const milliseconds = spent();
        return milliseconds > slice || (milliseconds > free / 2 && own.isOverdrawn());
      },
      async rest() {
        own.spend(spent());
        await own.turn();
        begin();
      },
      async wait(other) {
        end();
        try {
          return await other;
        } finally {
          begin();
        }
      },
    };
  }

  /** Whether `server` may cause one more question to the auth-server that no request of a caller asked for. */
  mayAsk(server: string): boolean {
    return this.#shareOf(server).questions.take(1);
  }

  /**
   * Writes one log line about what `server` sent, unless it has caused too many lately.
   * @param write gets the field that says how many lines were left out since the last one
   */
  log(server: string, write: (more: { left_out: number }) => void): void {
    const left_out = this.#shareOf(server).takeLine();
    if (left_out !== undefined) write({ left_out });
  }

  #noteActive(server: string): void {
    if (server === this.#active.server) return;
    this.#active = { server, since: this.#clock.now() };
  }

  #shareOf(server: string): ServerShare {
    const rate = () => (this.#clock.now() - this.#active.since > lately ? shareAlone : share);
    const own = this.#shares.get(server) ?? new ServerShare(this.#questionBurst, rate, this.#clock);
    this.#shares.set(server, own);
    return own;
  }
}

class ServerShare {
  readonly questions: Credit;
  readonly #time: Credit;
  readonly #lines: Credit;
  readonly #clock: ThreadClock;
  #leftOut = 0;
  #lastTurn: Promise<void> = Promise.resolve();

  constructor(questionBurst: number, rate: () => number, clock: ThreadClock) {
    this.questions = new Credit(questionBurst, () => questionsPerSecond / 1_000, clock.now);
    this.#time = new Credit(burst, rate, clock.now);
    this.#lines = new Credit(lineBurst, () => linesPerSecond / 1_000, clock.now);
    this.#clock = clock;
  }

  spend(milliseconds: number): void {
    this.#time.spend(milliseconds);
  }

  /** @returns how many lines were left out since the last one; undefined if this one is left out, too */
  takeLine(): number | undefined {
    if (!this.#lines.take(1)) {
      this.#leftOut++;
      return undefined;
    }
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }

  isOverdrawn(): boolean {
    return this.#time.left <= 0;
  }

  /** Waits for the turns before, and until there is credit again. */
  turn(): Promise<void> {
    this.#lastTurn = this.#lastTurn.then(async () => {
      await nextTurn();
      while (this.isOverdrawn()) await this.#clock.sleep(Math.max(1, -this.#time.left / share / 2));
      // Paid ahead: the turn that waits behind this one must not begin before its work is counted.
      this.spend(slice);
    });
    return this.#lastTurn;
  }
}
