import { BrokerError, rpcCode } from '../errors.ts';
import { limits } from '../limits.ts';

/**
 * Bounds how many requests go out at a time that a caller has not asked for one by one: openings, lists, searches. Give it
 * single requests only: work that waits for another turn inside its own could wait for ever.
 */
export class Turns {
  readonly #callers = new Map<string, { running: number; waiting: (() => void)[] }>();

  /** @throws {BrokerError} if too many of this caller's wait already */
  async run<T>(owner: string, work: () => Promise<T>): Promise<T> {
    const own = this.#callers.get(owner) ?? { running: 0, waiting: [] };
    this.#callers.set(owner, own);
    if (own.running >= limits.turnsPerCaller) {
      if (own.waiting.length >= limits.waitingPerCaller)
        throw new BrokerError(rpcCode.busy, 'Too many of your requests wait for other servers. Try again.');
      await new Promise<void>((go) => own.waiting.push(go));
    } else own.running++;
    try {
      return await work();
    } finally {
      const next = own.waiting.shift();
      if (next) next();
      else if (--own.running === 0) this.#callers.delete(owner);
    }
  }
}

/** Leaves out members that fail again and again, so that no list waits for them. */
export class Failures {
  readonly #byServer = new Map<string, { count: number; until: number; sentence: string }>();

  /** @throws {BrokerError} for a member that is left out at the moment */
  check(server: string): void {
    const own = this.#byServer.get(server);
    if (own && own.count >= limits.failures && performance.now() < own.until)
      throw new BrokerError(rpcCode.unavailable, `${server} is left out for a moment: ${own.sentence}`);
  }

  failed(server: string, sentence: string): void {
    const count = (this.#byServer.get(server)?.count ?? 0) + 1;
    this.#byServer.set(server, { count, until: performance.now() + limits.leftOut, sentence });
  }

  worked(server: string): void {
    this.#byServer.delete(server);
  }
}
