import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Client } from './client.ts';
import type { ClientSession, Exchange } from './exchange.ts';

/** Owners and kinds of clients of the new era that are remembered; those that were not used longest are forgotten. */
const mostStateless = 5_000;
const mostPerOwner = 4;
/** Two hours. */
const idleMilliseconds = 7_200_000;

/** The clients of a broker: those of the old era by session, those of the new one, which have none, by owner. */
export class Clients {
  readonly #bySession = new Map<string, Client>();
  readonly #byOwner = new LRUCache<string, LRUCache<string, Client>>({
    max: mostStateless,
    ttl: idleMilliseconds,
    dispose: (own) => own.clear(),
  });
  readonly #onForget: (client: Client) => void;

  /** @param onForget is told of a client of the new era that was not used for long */
  constructor(onForget: (client: Client) => void) {
    this.#onForget = onForget;
  }

  of({ owner, era, session, announced }: Exchange): Client {
    if (session) {
      const kept = this.#bySession.get(session.id) ?? new Client(owner, era, announced, session);
      this.#bySession.set(session.id, kept);
      return kept;
    }
    const own =
      this.#byOwner.get(owner) ?? new LRUCache<string, Client>({ max: mostPerOwner, dispose: this.#onForget });
    this.#byOwner.set(owner, own);
    // What a client can answer is told to members when their session opens.
    const kind = hash('sha256', JSON.stringify(announced.capabilities));
    const kept = own.get(kind) ?? new Client(owner, era, announced);
    own.set(kind, kept);
    return kept;
  }

  find({ id }: ClientSession): Client | undefined {
    return this.#bySession.get(id);
  }

  forget({ id }: ClientSession): void {
    this.#bySession.delete(id);
  }
}
