import type { SeenCall } from './line.ts';

export interface JoinLimits {
  /** Most requests without a line: those that are open, and those whose line is lost. */
  mostOpen?: number;
  openMilliseconds?: number;
  /** Most lines without a decision: those of other auth-servers, and those that came before the decision was noted. */
  mostEarly?: number;
  earlyMilliseconds?: number;
}

/**
 * Brings decisions and nginx's lines about the same requests together. A decision is noted up to a second after it, in a batch, and nginx gathers its lines for a second: either may come first.
 * What is joined is forgotten.
 * @param now for tests
 */
export function createJoin<T>(limits: JoinLimits = {}, now: () => number = () => performance.now()) {
  const { mostOpen = 50_000, openMilliseconds = 3_600_000, mostEarly = 50_000, earlyMilliseconds = 30_000 } = limits;
  const open = agingMap<T>(mostOpen, openMilliseconds, now);
  const early = agingMap<SeenCall>(mostEarly, earlyMilliseconds, now);
  let unseen = 0;
  return {
    /** Notes a decision. @returns nginx's line, if it has come before */
    decided(requestId: string, decision: T): SeenCall | undefined {
      const seen = early.take(requestId);
      if (!seen) unseen += open.add(requestId, decision);
      return seen;
    },
    /** Notes a line. @returns the decision about its request, if it is known by now */
    seen(call: SeenCall): T | undefined {
      const decision = open.take(call.requestId);
      if (decision === undefined) early.add(call.requestId, call);
      return decision;
    },
    /** How many requests were given up because no line about them has come. */
    unseen: () => unseen,
  };
}

/** Keeps entries in the order in which they came, for some time, and at most so many. */
function agingMap<V>(most: number, milliseconds: number, now: () => number) {
  const entries = new Map<string, { value: V; until: number }>();
  return {
    /** @returns how many entries fell out */
    add(key: string, value: V): number {
      const time = now();
      let fallen = 0;
      for (const [oldest, { until }] of entries) {
        if (until > time && entries.size < most) break;
        entries.delete(oldest);
        fallen++;
      }
      entries.set(key, { value, until: time + milliseconds });
      return fallen;
    },
    take(key: string): V | undefined {
      const found = entries.get(key);
      entries.delete(key);
      return found?.value;
    },
  };
}
