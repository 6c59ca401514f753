import type { FetchLike } from '@modelcontextprotocol/client';
import { createPinnedFetch, type PinnedFetchOptions } from '../../../common/network/pinned-fetch.ts';

/** Where a check connects: one origin, its vetted `ip:port` addresses, and what it sends and trusts there. */
export interface CheckTarget {
  origin: string;
  addresses: readonly string[];
  /** The Host header, if it is not the host of the origin. */
  host?: string | undefined;
  /** The gateway's credential for the server, as headers. */
  headers: Readonly<Record<string, string>>;
  /** CA certificates in PEM that verify the server; undefined for the system's. */
  ca?: string | undefined;
}

/** How long a server may take to end a session. */
const endMilliseconds = 5_000;
const mostBytes = 65_536;
/** How long an answer to `initialize` is waited for after its check has ended, only to end its session. */
const lateMilliseconds = 120_000;

/** Ends a session (MCP 2025-11-25, "Session Management"), without regard to the time limit of the check. Never throws. */
export async function endSession(target: CheckTarget, url: URL, session: string, version?: string): Promise<void> {
  const signal = AbortSignal.timeout(endMilliseconds);
  const headers = { 'Mcp-Session-Id': session, ...(version && { 'MCP-Protocol-Version': version }) };
  try {
    const answer = await createPinnedFetch({ ...target, maxBytes: mostBytes, signal })(url, {
      method: 'DELETE',
      headers,
    });
    await answer.body?.cancel();
  } catch {
    // A server that does not end the session forgets it after a time of its own.
  }
}

/**
 * Makes a fetch for `initialize` that outlives its check: a server that answers too late has opened a session, often with a
 * process of its own, and only its answer tells which. Such a session is ended as soon as it is known.
 * @param isOver aborted when the check ends
 */
export function endLateSessions(
  target: CheckTarget & Omit<PinnedFetchOptions, 'signal' | 'headers'>,
  isOver: AbortSignal,
): FetchLike {
  return (input, init = {}) => {
    const own = new AbortController();
    const ask = createPinnedFetch({ ...target, signal: own.signal });
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const over = init.signal ? AbortSignal.any([isOver, init.signal]) : isOver;
    const asked = ask(input, { ...init, signal: null });
    let hasAnswered = false;
    asked.then((answer) => {
      hasAnswered = true;
      resolve(answer);
    }, reject);
    const endLate = async (late: NodeJS.Timeout) => {
      const answer = await asked.finally(() => clearTimeout(late));
      const session = answer.headers.get('mcp-session-id');
      own.abort();
      if (session) await endSession(target, new URL(input), session);
    };
    const end = () => {
      if (hasAnswered) return own.abort();
      reject(over.reason);
      endLate(setTimeout(() => own.abort(), lateMilliseconds).unref()).catch(() => undefined);
    };
    if (over.aborted) end();
    else over.addEventListener('abort', end, { once: true });
    return promise;
  };
}
