import type { ServerResponse } from 'node:http';
import type { BrokerName } from '../../common/identity/broker.ts';
import type { Viewer } from '../../policy/listing.ts';
import type { Route } from '../upstream/routes.ts';
import type { Caller } from './caller.ts';
import { createListChanges, type ListChannel } from './list-changes.ts';

/** Why the relay ended a stream before its server did. The client reconnects, and the gate gives the details. */
export type EndReason =
  | 'credential_expired'
  | 'access_ended'
  | 'not_permitted'
  | 'server_gone'
  | 'authorization_unavailable';

/** A stream that is being relayed. */
export interface LiveStream {
  caller: Caller;
  route: Route;
  response: ServerResponse;
  /** Where it announces changes of lists, if it does. */
  lists?: ListChannel | undefined;
  /** Closes the connections to the upstream and to the client. */
  end(reason: EndReason): void;
}

/** What decides whether a stream may continue. */
interface StreamRights {
  mayContinue(caller: Caller): boolean;
  viewer(caller: Caller): Viewer;
  routeOf(server: string, broker?: BrokerName): Route | undefined;
  /** Milliseconds since the auth-server last answered. */
  silence(): number;
}

/** Limits; times in milliseconds. */
export interface LiveLimits {
  /** How many streams may be open at once. */
  streams: number;
  /** How long a stream may be idle before a comment keeps it alive. */
  keepAlive: number;
  /** How long the auth-server may be silent before all streams end. */
  longestSilence: number;
}

/** The silence is long enough for a restart of the auth-server. Beyond it, no revocation could end a stream. */
const usualLimits = { streams: Number.POSITIVE_INFINITY, keepAlive: 15_000, longestSilence: 10_000 };
const rememberMilliseconds = 300_000;

/**
 * All streams of this relay. A stream lives as long as its owner's right to it. Call `tick` a few times a second: it ends
 * streams that have run out, and keeps proxies from cutting idle connections.
 */
export class LiveStreams {
  readonly #streams = new Map<LiveStream, { lastWrite: number; changes: ((now: number) => Buffer) | undefined }>();
  readonly #byOwner = new Map<string, number>();
  /** Recent revocations by mark, each with its number in the revocation feed. */
  readonly #revoked = new Map<string, { at: number; number: number }>();
  /** The revocation cursor at which this relay began to listen. */
  #firstCursor = 0;
  readonly #rights: StreamRights;
  readonly #limits: LiveLimits;
  constructor(rights: StreamRights, limits: Partial<LiveLimits> = {}) {
    this.#rights = rights;
    this.#limits = { ...usualLimits, ...limits };
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Whether no more streams fit. One caller may have half of them. */
  isFull({ ticket }: Caller): boolean {
    const own = this.#byOwner.get(ticket.owner) ?? 0;
    return this.#streams.size >= this.#limits.streams || own >= this.#limits.streams / 2;
  }

  /** Watches a stream until it closes. A stream that is not permitted ends at once. */
  add(stream: LiveStream): void {
    const { caller, lists } = stream;
    const changes = lists && createListChanges(caller, lists, (who) => this.#rights.viewer(who));
    this.#streams.set(stream, { lastWrite: performance.now(), changes });
    this.#count(stream, 1);
    stream.response.once('close', () => {
      this.#streams.delete(stream);
      this.#count(stream, -1);
    });
    const reason = this.#isRevoked(stream.caller) ? 'access_ended' : this.#reasonToEnd(stream);
    if (reason) stream.end(reason);
  }

  /** Notes that something was sent, so that no keep-alive is needed yet. */
  wrote(stream: LiveStream): void {
    const state = this.#streams.get(stream);
    if (state) state.lastWrite = performance.now();
  }

  /**
   * Ends the streams of revoked sessions and accounts.
   * @param cursor number of the newest of these revocations; streams that were admitted after it stay
   */
  revoke(marks: readonly string[], cursor = Number.POSITIVE_INFINITY): void {
    for (const mark of marks) this.#revoked.set(mark, { at: performance.now(), number: cursor });
    for (const { caller, end } of this.#streams.keys()) if (this.#isRevoked(caller)) end('access_ended');
  }

  /**
   * This relay may have missed revocations up to `cursor`. Ends every stream that was admitted before the auth-server
   * knew them.
   */
  endAdmittedBefore(cursor: number): void {
    this.#firstCursor = cursor;
    this.tick();
  }

  /**
   * Ends the streams that may not continue, and tells the others if their callers' lists have changed. Also called after each
   * change of the policy or of the routes.
   */
  tick(): void {
    const now = performance.now();
    for (const [stream, state] of this.#streams) {
      const reason = this.#reasonToEnd(stream);
      if (reason) stream.end(reason);
      if (reason || !mayWrite(stream.response)) continue;
      const isIdle = now - state.lastWrite > this.#limits.keepAlive;
      const changed = state.changes?.(now) ?? '';
      if (changed.length === 0 && !isIdle) continue;
      // Only whole events are ever written, so these stand between two of them.
      stream.response.write(changed.length > 0 ? changed : ': keep-alive\n\n');
      state.lastWrite = now;
    }
    for (const [mark, { at }] of this.#revoked) if (now - at > rememberMilliseconds) this.#revoked.delete(mark);
  }

  #count({ caller }: LiveStream, change: number): void {
    const { owner } = caller.ticket;
    const count = (this.#byOwner.get(owner) ?? 0) + change;
    if (count > 0) this.#byOwner.set(owner, count);
    else this.#byOwner.delete(owner);
  }

  /**
   * A revocation may arrive before the stream that it ends. One that the auth-server knew when it admitted the caller
   * does not count: the caller has logged in again since.
   */
  #isRevoked({ ticket: { marks, heard: cursor = 0 } }: Caller): boolean {
    return marks.some((mark) => (this.#revoked.get(mark)?.number ?? 0) > cursor);
  }

  #reasonToEnd({ caller, route }: LiveStream): EndReason | undefined {
    if (caller.ticket.ends <= Date.now() / 1000) return 'credential_expired';
    const mayBeRevoked = (caller.ticket.heard ?? 0) < this.#firstCursor;
    if (mayBeRevoked || this.#rights.silence() > this.#limits.longestSilence) return 'authorization_unavailable';
    if (this.#rights.routeOf(caller.ticket.server, caller.ticket.broker)?.server !== route.server) return 'server_gone';
    return this.#rights.mayContinue(caller) ? undefined : 'not_permitted';
  }
}

/** Writing to a stream that has ended, but is still being sent to a slow client, would be an uncaught error. */
function mayWrite(response: ServerResponse): boolean {
  return !response.writableEnded && !response.writableNeedDrain;
}
