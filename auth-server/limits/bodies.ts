import { setImmediate as nextTurn } from 'node:timers/promises';
import { boundedCache } from '../../common/service/bounded-cache.ts';
import { Credit } from '../../common/time/credit.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import type { Principal } from '../identity/principal.ts';

/** A larger body is heavy: it may cost more than the rest of a decision. Ordinary requests have a few kilobytes. */
export const heavyBytes = 65_536;
/** The part of one process's time that the heavy bodies of one principal may take. */
const share = 0.25;
/** How much of its time a principal may use ahead, in milliseconds: some dozens of the largest bodies in a row. */
const burstMilliseconds = 500;
/** What it costs to receive a body, in milliseconds per byte: 6 ms for 4 MiB (Node 26). */
const receiveMilliseconds = 6 / 4_194_304;
const mostPrincipals = 10_000;
/** How long a heavy body waits for those before it. Its decision would be too late afterwards. */
const longestWaitMilliseconds = 800;

/**
 * How many bytes of bodies one process holds at a time. nginx sends each body as a whole, so a few are there at once.
 * Compare with `mem_limit` in docker-compose.yml, for each of AUTH_SERVER_WORKERS.
 */
export function heldBytesFor(maxBody: number): number {
  return Math.max(33_554_432, 2 * maxBody);
}

/** A body that is being received and judged. Call `release` in the end, whatever happened. */
export interface ReceivedBody {
  /** Counts bytes that were received and are held. @throws {AuthError} body_too_large, too_busy or too_many_requests */
  add(bytes: number): void;
  /** Runs a part of the decision that takes the longer, the larger the body is. */
  judge<T>(work: () => T): T;
  /** Whether it is larger than {@link heavyBytes}. */
  isHeavy(): boolean;
  /**
   * The same in steps, between which other requests are answered. Heavy bodies come one after another, so that no turn of the
   * event loop has steps of two of them. @throws {AuthError} too_busy if those before it take too long, or what a step throws
   */
  judgeInSteps<T>(steps: Generator<undefined, T>): Promise<T>;
  release(): void;
}

/**
 * Bounds what bodies cost one process: the memory of all together, and the time of one principal's heavy ones. Bodies of
 * up to {@link heavyBytes} never have to wait for a principal's share.
 * @param maxBody largest body in bytes
 * @param heldBytes most bytes at a time
 * @param now milliseconds of a monotonic clock
 */
export function createBodyLimits(maxBody: number, heldBytes = heldBytesFor(maxBody), now = () => performance.now()) {
  const credits = boundedCache<string, Credit>(mostPrincipals);
  let held = 0;
  let last: Promise<unknown> = Promise.resolve();
  const afterOthers = <T>(work: () => Promise<T>): Promise<T> => {
    const since = now();
    const mine = last.then(() => {
      if (now() - since > longestWaitMilliseconds) throw new AuthError('too_busy', texts.too_busy);
      return work();
    });
    last = mine.catch(() => undefined);
    return mine;
  };
  const charge = (key: string, milliseconds: number) => {
    const credit = credits.get(key) ?? new Credit(burstMilliseconds, () => share, now);
    credit.spend(milliseconds);
    credits.set(key, credit);
  };
  const refuseOverdrawn = (key: string) => {
    const { left = 0 } = credits.get(key) ?? {};
    if (left >= 0) return;
    const seconds = Math.ceil(-left / share / 1000);
    throw new AuthError('too_many_requests', texts.heavy_too_often(seconds), { retryAfter: seconds });
  };
  return (principal: Principal): ReceivedBody => {
    const key = () => `${principal.kind} ${principal.subject}`;
    let size = 0;
    const judge = <T>(work: () => T): T => {
      if (size <= heavyBytes) return work();
      const start = now();
      try {
        return work();
      } finally {
        charge(key(), now() - start);
      }
    };
    return {
      add(bytes) {
        const wasHeavy = size > heavyBytes;
        size += bytes;
        held += bytes;
        if (size > maxBody) throw new AuthError('body_too_large', texts.body_too_large(maxBody));
        if (size <= heavyBytes) return;
        // Ordinary requests go on while others' large bodies fill the memory.
        if (held > heldBytes) throw new AuthError('too_busy', texts.too_busy);
        if (!wasHeavy) refuseOverdrawn(key());
      },
      judge,
      isHeavy: () => size > heavyBytes,
      judgeInSteps: (steps) =>
        afterOthers(async () => {
          for (;;) {
            await nextTurn();
            const { done, value } = judge(() => steps.next());
            if (!done) continue;
            // What follows is a step too.
            await nextTurn();
            return value;
          }
        }),
      release() {
        if (size > heavyBytes) charge(key(), size * receiveMilliseconds);
        held -= size;
        size = 0;
      },
    };
  };
}
