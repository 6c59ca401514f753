import type { Logger } from '../common/service/log.ts';

/** The auth-server's revocations. Each has a number; the number of the newest one that was read is the cursor. */
export interface RevocationFeed {
  /** Milliseconds since the auth-server last answered, or since the start if it never has. */
  silence(): number;
  hasAnswered(): boolean;
  stop(): void;
}

/** What revocations end. */
export interface Revocable {
  /** @param marks of the sessions, clients and accounts that were revoked since the last answer; `cursor`: the newest */
  revoke(marks: readonly string[], cursor: number): void;
  /** @param cursor of the first answer, which lists no revocations from before it */
  endAdmittedBefore(cursor: number): void;
}

const timeoutMilliseconds = 2_000;

/**
 * Polls the auth-server a few times a second for revocations.
 * @param url the auth-server's internal address
 */
export function followRevocations(
  url: string,
  streams: Revocable,
  log: Logger,
  intervalMilliseconds = 300,
): RevocationFeed {
  let cursor: number | undefined;
  let answeredAt = performance.now();
  let timer: NodeJS.Timeout;
  let stopped = false;
  const poll = async () => {
    try {
      const query = cursor === undefined ? '' : `?after=${cursor}`;
      const answer = await fetch(`${url}/relay/ended${query}`, { signal: AbortSignal.timeout(timeoutMilliseconds) });
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      const { last, marks } = (await answer.json()) as { last: number; marks: string[] };
      answeredAt = performance.now();
      if (cursor === undefined) streams.endAdmittedBefore(last);
      cursor = last;
      if (marks.length > 0) streams.revoke(marks, last);
    } catch (error) {
      log.debug({ err: error }, 'the auth-server does not answer the poll for revocations');
    }
    if (!stopped) timer = setTimeout(poll, intervalMilliseconds).unref();
  };
  void poll();
  return {
    silence: () => performance.now() - answeredAt,
    hasAnswered: () => cursor !== undefined,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
