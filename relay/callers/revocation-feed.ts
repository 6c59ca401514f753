import type { Logger } from '../../common/service/log.ts';
import type { LiveStreams } from './live-streams.ts';

const timeoutMilliseconds = 2_000;

/**
 * Polls the auth-server a few times a second for revocations. Each has a number; that of the newest one read is the cursor.
 * @param url the auth-server's internal address
 */
export function followRevocations(
  url: string,
  streams: Pick<LiveStreams, 'revoke' | 'endAdmittedBefore'>,
  log: Logger,
  intervalMilliseconds = 300,
) {
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
      // The first answer lists no revocations from before it.
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
    /** Milliseconds since the auth-server last answered, or since the start if it never has. */
    silence: () => performance.now() - answeredAt,
    hasAnswered: () => cursor !== undefined,
    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
