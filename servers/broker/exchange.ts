import type { StreamEvent } from '../../common/answers/event-stream.ts';

/** `new` is MCP 2026-07-28, which has no sessions; `old` are the versions with `initialize`. */
export type Era = 'old' | 'new';

/** What a client says of itself: an old one in `initialize`, a new one in `_meta` of each request. As it was sent. */
export interface Announced {
  protocolVersion: string;
  capabilities: Record<string, unknown>;
  clientInfo: Record<string, unknown>;
}

/** A session that an old client has with the broker. */
export interface ClientSession {
  readonly id: string;
  readonly owner: string;
  readonly announced: Announced;
  /**
   * Sends an event on the client's standing stream: what belongs to no request of the client's.
   * @returns false if the client has none open; the event is lost then
   */
  send(event: StreamEvent): boolean;
}

/** A server behind the broker, and the eras that it speaks. */
export interface Member {
  server: string;
  era: Era | 'both';
  /** How it is reached, if not by streamable HTTP: the HTTP+SSE transport of MCP 2024-11-05. */
  transport?: 'sse' | undefined;
  /** Whether it may use the client's model. Without it the client's `sampling` is hidden from it, and its requests refused. */
  sampling?: boolean | undefined;
  /** Whether it may ask people to open pages. Without it the client's elicitation in URL mode is hidden and refused likewise. */
  pages?: boolean | undefined;
}

/** On whose behalf members are asked, and with what. */
export interface Asking {
  /** The person or agent. Bounds and what outlives a request belong to it. */
  readonly owner: string;
  /** What the gate made for this request: the bearer token of everything that is asked of members because of it. */
  readonly delegation: string;
  /** The trace of the request (W3C Trace Context), which brings outer and inner lines together. */
  readonly traceparent: string | undefined;
}

/** Where a request goes, and what its object is called there; no name for a resource, which keeps its URI. */
export interface Route {
  member: Member;
  name?: string;
  /** The tool's definition, as JSON, where it is known: it may want arguments in headers. */
  definition?: string;
}

/** How a client is answered: over streamable HTTP by the response to its POST, over HTTP+SSE on its stream. */
export interface Reply {
  /** Aborted when the client has gone before the end. */
  readonly gone: AbortSignal;
  /** Answers with one message. Nothing follows. */
  whole(status: number, json: string | Uint8Array): void;
  /** Opens a stream with the first event; resolves when the client can take the next one. */
  event(event: StreamEvent): Promise<void>;
  /** Ends the stream. */
  end(): void;
}

/** One message of a client, in the middle of its request. */
export interface Exchange extends Asking {
  readonly era: Era;
  /** An old client's; undefined for a new one. */
  readonly session: ClientSession | undefined;
  readonly announced: Announced;
  readonly message: ClientMessage;
  /** Its id as the client wrote it, as JSON; undefined where it has none. */
  readonly idText?: string | undefined;
  /** The message as it was sent, which the gate's strict reader has read: no key stands twice. */
  readonly text: string;
  readonly reply: Reply;
}

/** A message as `JSON.parse` reads it. */
export interface ClientMessage {
  id?: string | number | undefined;
  method?: string | undefined;
  params?: Record<string, unknown> | undefined;
}

/** What the hub leaves to the part that asks members. */
export interface Calls {
  /**
   * Answers a request that concerns members.
   * @param routes by name one; by URI all members whose lists fit it, best first, and if none fits all that have resources: the
   *   first five are asked until one has it; none for a method that names its members otherwise, such as `tasks/get` and
   *   `logging/setLevel`
   */
  answer(exchange: Exchange, routes: readonly Route[]): Promise<void>;
  /** Tells the members that it concerns: `notifications/cancelled`, `notifications/progress`, `roots/list_changed`. */
  notify(exchange: Exchange): Promise<void>;
  /** Passes on a client's answer to a request of a member's. @returns false if nothing was asked under its id */
  respond(exchange: Exchange): Promise<boolean>;
  /**
   * Goes on with the stream of a call that a member has closed in between. @returns false if the event is of no member
   * @param lastEventId from the client's `Last-Event-ID`
   */
  resume(exchange: Exchange, lastEventId: string): Promise<boolean>;
  /**
   * Passes on updates of resources and tasks until the client has gone, for `subscriptions/listen`. The hub has opened the stream.
   * @param uris by route
   * @param taskIds as the client knows them
   */
  listen(exchange: Exchange, uris: ReadonlyMap<Route, readonly string[]>, taskIds?: readonly string[]): Promise<void>;
  /** A session is over. @param exchange of the client's DELETE, with whose delegation members are told; undefined if it idled */
  ended(session: ClientSession, exchange: Exchange | undefined): Promise<void>;
}
