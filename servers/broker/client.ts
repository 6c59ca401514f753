import { randomUUID } from 'node:crypto';
import type { Announced, ClientSession, Era, Member } from './exchange.ts';
import { limits } from './limits.ts';
import type { Session } from './members/sessions.ts';

/** A request that runs at a member. */
export interface Running {
  member: Member;
  /** The client's id of it, as JSON. */
  clientId: string;
}

/** A request of a member that waits for the client's answer. */
export interface Asked {
  member: Member;
  /** The member's own id of it, as JSON. Undefined for a question that the broker has made of an `input_required`. */
  memberId?: string;
  /** The token of the progress that the client may tell about its answer. */
  progressToken?: string | number | undefined;
  /** Gets the client's answer, if it does not go to the member as it is. @param text the client's message */
  resolve?: (text: string) => void;
}

/** A session at a member, from the moment at which it is opened. */
export interface Opening {
  member: Member;
  ready: Promise<Session>;
  session?: Session;
}

/**
 * What the broker keeps for one client: for an old one with its session, for new ones, which have none, for each owner. It is
 * in memory only and forgotten with the client.
 */
export class Client {
  readonly owner: string;
  readonly era: Era;
  readonly announced: Announced;
  /** An old client's. */
  readonly own: ClientSession | undefined;
  readonly sessions = new Map<string, Opening>();
  /** Requests that run, by the broker's id of them. */
  readonly running = new Map<number, Running>();
  readonly asked = new Map<string, Asked>();
  /** Whose a resource is, by its URI: links in results that stand in no list. */
  readonly links = new Map<string, Member>();
  /** The log level that the client has set. */
  level: string | undefined;
  #lastId = 0;

  constructor(owner: string, era: Era, announced: Announced, own?: ClientSession) {
    this.owner = owner;
    this.era = era;
    this.announced = announced;
    this.own = own;
  }

  /** An id for a request to a member: ours, because two clients without sessions may use one id. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** @returns the id under which the client is asked; undefined if the member has asked too much already */
  ask(asked: Asked): string | undefined {
    const open = [...this.asked.values()].filter(({ member }) => member.server === asked.member.server).length;
    if (open >= limits.askedPerMember) return undefined;
    const id = randomUUID();
    this.asked.set(id, asked);
    return id;
  }

  /** Remembers whose a resource is that a result links to. */
  remember(uri: string, member: Member): void {
    this.links.delete(uri);
    this.links.set(uri, member);
    const [oldest] = this.links.keys();
    if (this.links.size > limits.links && oldest !== undefined) this.links.delete(oldest);
  }
}
