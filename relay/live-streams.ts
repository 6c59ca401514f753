import type { ServerResponse } from 'node:http';
import { nowInSeconds } from '../common/time/now.ts';
import type { Caller } from './caller.ts';
import type { Route } from './routes.ts';

/** Why a stream was ended before its server did. Clients come back, and are told more by the gate. */
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
  /** Lets go of the upstream and of the client. */
  end(reason: EndReason): void;
}

/** What decides whether a stream may go on. */
export interface StreamRights {
  mayGoOn(caller: Caller): boolean;
  routeOf(server: string): Route | undefined;
  /** Milliseconds since the auth-server was last heard of. */
  silence(): number;
}

/** How long things may be quiet, in milliseconds. */
export interface LiveLimits {
  /** Nothing sent on a stream before a comment keeps it alive. */
  keepAlive: number;
  /** No word from the auth-server before all streams end. */
  longestSilence: number;
}

/** Silence: long enough for a restart of the auth-server; nobody may go on for longer without anyone who could end it. */
const usualLimits: LiveLimits = { keepAlive: 15_000, longestSilence: 10_000 };
const rememberMilliseconds = 300_000;

/**
 * All streams of this relay. A stream lives as long as its owner's right to it.
 * `tick`, called a few times a second, ends what has run out and keeps idle connections from being cut by those between.
 */
export class LiveStreams {
  readonly #streams = new Map<LiveStream, { lastWrite: number }>();
  /** What has ended of late, with its number in the list of ends. */
  readonly #recent = new Map<string, { at: number; number: number }>();
  /** Nobody has told this relay what ended until this number. */
  #untold = 0;
  readonly #rights: StreamRights;
  readonly #limits: LiveLimits;
  constructor(rights: StreamRights, limits: LiveLimits = usualLimits) {
    this.#rights = rights;
    this.#limits = limits;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Watches a stream; one that may not be is ended at once. Its end, however it comes, forgets it. */
  add(stream: LiveStream): void {
    this.#streams.set(stream, { lastWrite: performance.now() });
    stream.response.once('close', () => this.#streams.delete(stream));
    const reason = this.#hasEnded(stream.caller) ? 'access_ended' : this.#reasonToEnd(stream);
    if (reason) stream.end(reason);
  }

  /** Notes that something was sent, so that no keep-alive is needed yet. */
  wrote(stream: LiveStream): void {
    const state = this.#streams.get(stream);
    if (state) state.lastWrite = performance.now();
  }

  /**
   * Ends the streams of sessions and accounts that have been ended.
   * @param number of the newest mark in the list of ends; streams that were allowed later stay
   */
  endMarked(marks: readonly string[], number = Number.POSITIVE_INFINITY): void {
    for (const mark of marks) this.#recent.set(mark, { at: performance.now(), number });
    for (const { caller, end } of this.#streams.keys()) if (this.#hasEnded(caller)) end('access_ended');
  }

  /**
   * Ends the streams that were allowed by somebody who knew less than this relay was not told.
   * @param number of the newest mark when this relay began to listen
   */
  endUntold(number: number): void {
    this.#untold = number;
    this.tick();
  }

  /** Ends what may not go on: after a change of the policy or of the routes, and a few times a second. */
  tick(): void {
    const now = performance.now();
    for (const [stream, state] of this.#streams) {
      const reason = this.#reasonToEnd(stream);
      if (reason) stream.end(reason);
      else if (now - state.lastWrite > this.#limits.keepAlive && mayWrite(stream.response)) {
        // Only whole events are ever written, so this stands between two of them.
        stream.response.write(': keep-alive\n\n');
        state.lastWrite = now;
      }
    }
    for (const [mark, { at }] of this.#recent) if (now - at > rememberMilliseconds) this.#recent.delete(mark);
  }

  /** Also on its way here: the mark may have come before the stream. Who was let in again since has heard of the mark. */
  #hasEnded({ ticket: { marks, heard = 0 } }: Caller): boolean {
    return marks.some((mark) => (this.#recent.get(mark)?.number ?? 0) > heard);
  }

  #reasonToEnd({ caller, route }: LiveStream): EndReason | undefined {
    if (caller.ticket.ends <= nowInSeconds()) return 'credential_expired';
    const isUntold = (caller.ticket.heard ?? 0) < this.#untold;
    if (isUntold || this.#rights.silence() > this.#limits.longestSilence) return 'authorization_unavailable';
    if (this.#rights.routeOf(caller.ticket.server)?.server !== route.server) return 'server_gone';
    return this.#rights.mayGoOn(caller) ? undefined : 'not_permitted';
  }
}

/** A stream that has ended may still be on its way to a slow client; to write to it then would be an error nobody catches. */
function mayWrite(response: ServerResponse): boolean {
  return !response.writableEnded && !response.writableNeedDrain;
}
