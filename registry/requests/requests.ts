import type { Person } from '../access/guards.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { Actor } from '../store/change-log.ts';

export type RequestState = 'open' | 'given' | 'refused' | 'withdrawn' | 'ended';

/** A person's wish for access to a server. All of its texts come from people or servers: show them as plain text. */
export interface AccessRequest {
  /** Letters and digits, for addresses. */
  id: string;
  server: string;
  /** Names of tools; none for "some access". */
  tools: readonly string[];
  reason: string;
  by: Actor;
  /** All groups that the person had when they asked. */
  groups: readonly string[];
  at: Date;
  /** When it ends by itself. */
  until: Date;
  state: RequestState;
  /** Who answered, when, and with which words; undefined while it is open, and if it ended by itself. */
  answer?: { by: Actor; at: Date; words: string } | undefined;
}

/** What a person asks for. */
export interface Wish {
  server: string;
  tools: readonly string[];
  reason: string;
}

/** The requests for access. Every method throws {@link RegistryError} `store_unavailable` without the database. */
export interface Requests {
  /**
   * Makes a request, or adds the tools to the person's open one for this server.
   * @throws {RegistryError} `not_found` if the person may not know the server, `input_invalid`, `too_many_requests`
   */
  ask(person: Person, wish: Wish): Promise<AccessRequest>;
  /** The person's own, open ones first, then the newest. */
  ownOf(person: Pick<Person, 'sub'>): Promise<AccessRequest[]>;
  /** All open ones, the oldest first. For holders of `edit_policy`. */
  open(): Promise<AccessRequest[]>;
  /** One request; undefined if there is none. The caller checks who may see it. */
  find(id: string): Promise<AccessRequest | undefined>;
  /** Ends a person's own request. @throws {RegistryError} `not_found`, or `changed_meanwhile` if it is not open */
  withdraw(id: string, person: Pick<Person, 'sub' | 'username' | 'shownName'>): Promise<AccessRequest>;
  /**
   * Answers an open request. The caller checks that `by` holds `edit_policy`.
   * @param by as `actorOf(person)` names them
   * @param words shown to the requester, at most 500 letters
   * @throws {RegistryError} `not_found`, or `changed_meanwhile` if it was answered, withdrawn or has ended
   */
  answer(id: string, state: 'given' | 'refused', by: Actor, words?: string): Promise<AccessRequest>;
}

/** Requests that keep nothing: every call is refused. */
export function noRequests(): Requests {
  const refuse = async (): Promise<never> => {
    throw new RegistryError('store_unavailable', 'Requests for access are not kept here.');
  };
  return {
    ask: refuse,
    ownOf: async () => [],
    open: async () => [],
    find: async () => undefined,
    withdraw: refuse,
    answer: refuse,
  };
}
