import type { Account } from './byte-gatherer.ts';
import { UnreadableAnswer } from './limits.ts';

/** There is no memory for another large message at the moment. */
export class NoRoom extends UnreadableAnswer {
  override readonly name = 'NoRoom';
}

/**
 * Bounds the memory for messages that are being read. A server may hold as much as stays free for the others: one alone half
 * of it, and several together never all.
 */
export class HeldBytes {
  readonly #most: number;
  readonly #byServer = new Map<string, number>();
  #held = 0;

  /** @param most in bytes */
  constructor(most: number) {
    this.#most = most;
  }

  /** @returns the account of one message or stream of a server, which throws {@link NoRoom} */
  accountOf(server: string): Account {
    return (bytes) => {
      const own = (this.#byServer.get(server) ?? 0) + bytes;
      if (bytes > 0 && own > this.#most - this.#held - bytes)
        throw new NoRoom('more large messages at once than there is memory for');
      this.#held += bytes;
      if (own === 0) this.#byServer.delete(server);
      else this.#byServer.set(server, own);
    };
  }
}
