import type { Logger } from '../common/service/log.ts';
import { RelayError } from './errors.ts';

/** What belongs to somebody. */
export interface Owned {
  kind: 'session' | 'task';
  id: string;
  /** With a session: where at the upstream its messages go. */
  target?: string;
}

/** The auth-server, as far as the relay needs it. `ticket` is the one of the request that it is about. */
export interface Authority {
  /** @returns false if it already is somebody else's */
  bind(ticket: string, owned: Owned): Promise<boolean>;
  unbind(ticket: string, owned: Owned): Promise<void>;
  /** @returns those of `ids` that are tasks of the ticket's owner */
  ownTasks(ticket: string, ids: readonly string[]): Promise<readonly string[]>;
}

const timeoutMilliseconds = 2_000;

/**
 * Asks the auth-server on its inner address.
 * @throws (every method) {RelayError} authorization_unavailable
 */
export function createAuthority(url: string): Authority {
  const ask = async (method: string, path: string, ticket: string, body: object) => {
    const headers = { authorization: `Bearer ${ticket}`, 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(timeoutMilliseconds);
    try {
      const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body), signal });
      const text = await answer.text();
      if (!answer.ok && answer.status !== 409) throw new Error(`${path} answered ${answer.status}`);
      return { status: answer.status, json: answer.status === 200 ? (JSON.parse(text) as unknown) : undefined };
    } catch (error) {
      throw new RelayError('authorization_unavailable', error);
    }
  };
  return {
    bind: async (ticket, owned) => (await ask('POST', '/relay/bindings', ticket, owned)).status !== 409,
    unbind: async (ticket, owned) => void (await ask('DELETE', '/relay/bindings', ticket, owned)),
    async ownTasks(ticket, ids) {
      const { json } = await ask('POST', '/relay/tasks', ticket, { ids });
      return (json as { ids: string[] }).ids;
    },
  };
}

/** Marks of what has ended since the last time, or that nobody could be asked. */
export interface EndedFeed {
  /** @param listener gets the marks, and the number of the newest in the list of ends */
  onEnded(listener: (marks: readonly string[], number: number) => void): void;
  /** @param listener gets that number with the first answer, which tells nothing of what ended before */
  onFirstAnswer(listener: (number: number) => void): void;
  /** Milliseconds since the auth-server last answered; until it has, since the start. */
  silence(): number;
  hasAnswered(): boolean;
  stop(): void;
}

/**
 * Asks the auth-server, a few times a second, which sessions and accounts have been ended.
 * @param url the auth-server's inner address
 */
export function followEnded(url: string, log: Logger, intervalMilliseconds = 300): EndedFeed {
  const listeners: ((marks: readonly string[], number: number) => void)[] = [];
  const firstListeners: ((number: number) => void)[] = [];
  let after: number | undefined;
  let heard = performance.now();
  let timer: NodeJS.Timeout;
  let stopped = false;
  const poll = async () => {
    try {
      const query = after === undefined ? '' : `?after=${after}`;
      const answer = await fetch(`${url}/relay/ended${query}`, { signal: AbortSignal.timeout(timeoutMilliseconds) });
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      const { last, marks } = (await answer.json()) as { last: number; marks: string[] };
      heard = performance.now();
      if (after === undefined) for (const listener of firstListeners) listener(last);
      after = last;
      if (marks.length > 0) for (const listener of listeners) listener(marks, last);
    } catch (error) {
      log.debug({ err: error }, 'the auth-server cannot be asked what has ended');
    }
    if (!stopped) timer = setTimeout(poll, intervalMilliseconds).unref();
  };
  void poll();
  return {
    onEnded: (listener) => void listeners.push(listener),
    onFirstAnswer: (listener) => void firstListeners.push(listener),
    silence: () => performance.now() - heard,
    hasAnswered: () => after !== undefined,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
