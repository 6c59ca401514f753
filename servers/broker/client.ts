import { randomUUID } from 'node:crypto';
import type { ServerMessage } from '../../common/answers/message.ts';
import type { BrokerError } from './errors.ts';
import type { Announced, Asking, ClientSession, Era, Exchange, Member } from './exchange.ts';
import { limits } from './limits.ts';

/** What asks a client: a call, or a subscription. */
export interface Asker {
  readonly member: Member;
}

/** A request that runs at a member, or whose stream ended before the answer and may go on. */
export interface Running extends Asker {
  /** The client's id of it, as JSON. */
  readonly clientId: string;
  cancel(asking?: Asking): void;
  /** @returns the error, if nothing was answered yet */
  resume(exchange: Exchange, lastId: string): Promise<BrokerError | undefined>;
  /** Takes what the member asks outside of the stream of the request. */
  asked(message: ServerMessage): Promise<void>;
}

/** A request of a member that waits for the client's answer. */
export interface Asked {
  asker: Asker;
  /** The member's own id of it, as JSON. Undefined for a question that the broker has made of an `input_required`. */
  memberId?: string;
  /** The token of the progress that the client may tell about its answer. */
  progressToken?: string | number | undefined;
  /** Gets the client's answer, if it does not go to the member as it is. @param text the client's message */
  resolve?: (text: string) => void;
}

/** A session at a member of the old era. A member without sessions gives it no id. */
export interface Session {
  id: string | undefined;
  version: string;
  capabilities: Readonly<Record<string, unknown>>;
  usedAt: number;
  /** Whether the member opens no standing stream. */
  isSilent?: boolean;
  /** Requests and streams that use it now. */
  uses: number;
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
  readonly #unfinished = new Set<number>();
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
    const open = [...this.asked.values()].filter(
      ({ asker }) => asker.member.server === asked.asker.member.server,
    ).length;
    if (open >= limits.askedPerMember) return undefined;
    const id = randomUUID();
    this.asked.set(id, asked);
    return id;
  }

  /** Members with a session of this client. */
  membersInUse(): Member[] {
    return [...this.sessions.values()].map(({ member }) => member);
  }

  /** Who asked with this token for progress, and waits for an answer of the client's own. */
  askerOf(progressToken: unknown): Asker | undefined {
    const waiting = [...this.asked.values()].filter(({ memberId }) => memberId !== undefined);
    return waiting.find((each) => each.progressToken !== undefined && each.progressToken === progressToken)?.asker;
  }

  /** The request of the client's under this id. */
  runningAs(clientId: string): Running | undefined {
    return [...this.running.values()].find((running) => running.clientId === clientId);
  }

  /** Keeps a request whose stream ended before its answer, so that it can go on. */
  keepUnfinished(id: number): void {
    this.#unfinished.add(id);
    const [oldest] = this.#unfinished;
    if (this.#unfinished.size > limits.unfinished && oldest !== undefined) this.finished(oldest);
  }

  finished(id: number): void {
    this.#unfinished.delete(id);
    this.running.delete(id);
  }

  /** The latest stream of a member's that may go on. */
  unfinishedAt(server: string): Running | undefined {
    const running = [...this.#unfinished].map((id) => this.running.get(id));
    return running.findLast((each) => each?.member.server === server);
  }

  /** Remembers whose a resource is that a result links to. */
  remember(uri: string, member: Member): void {
    this.links.delete(uri);
    this.links.set(uri, member);
    const [oldest] = this.links.keys();
    if (this.links.size > limits.links && oldest !== undefined) this.links.delete(oldest);
  }
}
