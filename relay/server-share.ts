import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Pace } from '../common/answers/pace.ts';

/** Part of the relay's only thread that the answers of one server may take. */
const share = 0.25;
/** Milliseconds of work that a server may save up, and the length of a slice. Ordinary answers take less than half a slice. */
const burst = 20;
const slice = 1;

/** Questions about tasks that no request asked for: how many more in a second. */
const questionsPerSecond = 10;

/** The pace of one answer or stream. */
export interface ServerPace extends Pace {
  /** Begins to measure: input has arrived. */
  begin(): void;
  /** Counts the work since `begin`. */
  end(): void;
}

/** Divides the relay's thread between servers: what one server sends delays the callers of others by a slice at most. */
export class ServerShares {
  readonly #shares = new Map<string, ServerShare>();
  readonly #questionBurst: number;

  /** @param questionBurst how many questions a server may cause at once */
  constructor(questionBurst = 100) {
    this.#questionBurst = questionBurst;
  }

  /** A pace for one answer or stream of `server`. All paces of a server share its time. */
  paceOf(server: string): ServerPace {
    const own = this.#shareOf(server);
    let began = performance.now();
    const begin = () => {
      began = performance.now();
    };
    const spent = () => performance.now() - began;
    const end = () => {
      if (spent() > slice / 2) own.spend(spent());
    };
    return {
      begin,
      end,
      isDue: () => spent() > slice || (spent() > slice / 4 && own.isOverdrawn()),
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

  #shareOf(server: string): ServerShare {
    const own = this.#shares.get(server) ?? new ServerShare(this.#questionBurst);
    this.#shares.set(server, own);
    return own;
  }
}

/** Credit that comes back with time. */
class Credit {
  #left: number;
  #countedAt = performance.now();
  readonly #most: number;
  readonly #perMillisecond: number;
  constructor(most: number, perMillisecond: number) {
    this.#most = most;
    this.#left = most;
    this.#perMillisecond = perMillisecond;
  }

  get left(): number {
    const now = performance.now();
    this.#left = Math.min(this.#most, this.#left + (now - this.#countedAt) * this.#perMillisecond);
    this.#countedAt = now;
    return this.#left;
  }

  /** May leave a debt. */
  spend(amount: number): void {
    this.#left = this.left - amount;
  }

  take(amount: number): boolean {
    const enough = this.left >= amount;
    if (enough) this.spend(amount);
    return enough;
  }
}

class ServerShare {
  readonly questions: Credit;
  readonly #time = new Credit(burst, share);
  #lastTurn: Promise<void> = Promise.resolve();

  constructor(questionBurst: number) {
    this.questions = new Credit(questionBurst, questionsPerSecond / 1_000);
  }

  spend(milliseconds: number): void {
    this.#time.spend(milliseconds);
  }

  isOverdrawn(): boolean {
    return this.#time.left <= 0;
  }

  /** Waits for the turns before, and until there is credit again. */
  turn(): Promise<void> {
    this.#lastTurn = this.#lastTurn.then(async () => {
      await nextTurn();
      while (this.isOverdrawn()) await sleep(Math.max(1, -this.#time.left / share));
      // Paid ahead: the turn that waits behind this one must not begin before its work is counted.
      this.spend(slice);
    });
    return this.#lastTurn;
  }
}
