import type { Step } from '../../servers/server-health.ts';

/** Time limits of a check, in milliseconds. */
export interface ProbeLimits {
  /** For the handshake and the first page of tools. */
  answer: number;
  /** For everything, including further pages. */
  whole: number;
}

/** What one further page, or one more list, adds at most: bridges start a process for each request. */
const wholeTimes = 3;

/** The limits of a check. @param seconds for the handshake and the first page of tools */
export function limitsOf(seconds: number): ProbeLimits {
  return { answer: seconds * 1_000, whole: seconds * wholeTimes * 1_000 };
}

export type Clock = ReturnType<typeof startClock>;
const stepNames = ['reach', 'handshake', 'tools'] as const;

/** Measures each step, and aborts everything when the time is over. */
export function startClock({ answer, whole }: ProbeLimits) {
  const controller = new AbortController();
  const started = performance.now();
  const times = new Map<Step['step'], number>();
  const skipped = new Map<Step['step'], string>();
  let limit = answer;
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => undefined);
  const abort = () => {
    const reason = new Error('the time is over');
    controller.abort(reason);
    over.reject(reason);
  };
  let timer = setTimeout(abort, limit);
  const since = () => Math.round(performance.now() - started);
  return {
    signal: controller.signal,
    ranOut: () => (controller.signal.aborted ? limit / 1000 : undefined),
    done(step: Step['step']): void {
      if (!times.has(step)) times.set(step, since());
    },
    skip: (step: Step['step'], reason: string) => void skipped.set(step, reason),
    /** The server answers: switches to the limit for all pages. */
    extend(): void {
      clearTimeout(timer);
      limit = whole;
      timer = setTimeout(abort, Math.max(0, whole - since()));
    },
    /** The client does not abort all of its requests when the time is over. */
    race: <T>(work: Promise<T>): Promise<T> => Promise.race([work, over.promise]),
    /** Ends the check, and with it every request that the client has given up. */
    stop(): void {
      clearTimeout(timer);
      controller.abort();
    },
    /** @param failure reason of the first step that did not finish */
    steps(failure: string | null = null): Step[] {
      let before = 0;
      let failed = false;
      return stepNames.map((step): Step => {
        const left = skipped.get(step);
        if (left !== undefined) return { step, state: 'skipped', reason: left, ms: 0 };
        const at = times.get(step);
        if (at === undefined && failed) return { step, state: 'skipped', reason: null, ms: 0 };
        const ms = Math.max(0, (at ?? since()) - before);
        before += ms;
        failed ||= at === undefined;
        return { step, state: at === undefined ? 'failed' : 'ok', reason: at === undefined ? failure : null, ms };
      });
    },
  };
}
