import { setImmediate as nextTurn } from 'node:timers/promises';

/** Cuts long work into slices, so that the process serves others in between. */
export interface Pace {
  /** Whether the slice is used up. Call it often. */
  isDue(): boolean;
  /** Waits until the next slice may begin. */
  rest(): Promise<void>;
  /** Waits for something else than this work. The time does not count. */
  wait<T>(other: Promise<T>): Promise<T>;
}

/** A pace that gives way to other work every few milliseconds. */
export function startPace(sliceMilliseconds = 2): Pace {
  let began = performance.now();
  return {
    isDue: () => performance.now() - began > sliceMilliseconds,
    async rest() {
      await nextTurn();
      began = performance.now();
    },
    wait: (other) => other,
  };
}
