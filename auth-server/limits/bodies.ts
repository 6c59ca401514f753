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
      judge(work) {
        if (size <= heavyBytes) return work();
        const start = now();
        try {
          return work();
        } finally {
          charge(key(), now() - start);
        }
      },
      release() {
        if (size > heavyBytes) charge(key(), size * receiveMilliseconds);
        held -= size;
        size = 0;
      },
    };
  };
}
