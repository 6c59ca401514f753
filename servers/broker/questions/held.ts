import { randomUUID } from 'node:crypto';
import { BrokerError, rpcCode } from '../errors.ts';
import { limits } from '../limits.ts';

const prefix = 'held-';

/** Calls that wait until their client of the new era comes back with an answer. Only this process has them. */
export class HeldCalls<T> {
  readonly #calls = new Map<string, { owner: string; call: T; timer: NodeJS.Timeout }>();
  readonly #perOwner = new Map<string, number>();

  /**
   * @param drop ends a call whose client does not come back
   * @returns the handle for the client; undefined if this owner holds too many already
   */
  hold(owner: string, call: T, drop: () => void): string | undefined {
    const own = this.#perOwner.get(owner) ?? 0;
    if (own >= limits.heldPerCaller) return undefined;
    this.#perOwner.set(owner, own + 1);
    const handle = prefix + randomUUID();
    const end = () => {
      this.#remove(handle);
      drop();
    };
    this.#calls.set(handle, { owner, call, timer: setTimeout(end, limits.heldFor).unref() });
    return handle;
  }

  /**
   * @param handle as the client sent it
   * @param fits whether it goes on with this very call
   * @returns undefined if it is no handle of a held call: then it is the member's own
   * @throws {BrokerError} if the call is over, or another owner's
   */
  take(owner: string, handle: unknown, fits: (call: T) => boolean): T | undefined {
    if (typeof handle !== 'string' || !handle.startsWith(prefix)) return undefined;
    const kept = this.#calls.get(handle);
    if (!kept || kept.owner !== owner || !fits(kept.call)) throw new BrokerError(rpcCode.invalidParams, over);
    this.#remove(handle);
    return kept.call;
  }

  #remove(handle: string): void {
    const kept = this.#calls.get(handle);
    if (!kept) return;
    clearTimeout(kept.timer);
    this.#calls.delete(handle);
    const left = (this.#perOwner.get(kept.owner) ?? 1) - 1;
    if (left === 0) this.#perOwner.delete(kept.owner);
    else this.#perOwner.set(kept.owner, left);
  }
}

const over = `This call is over: it waited for longer than ${limits.heldFor / 60_000} minutes, or the gateway was restarted. Call again.`;
