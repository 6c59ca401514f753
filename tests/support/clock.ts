import { jest } from '@jest/globals';

/**
 * A clock that a test moves forward instead of waiting. It moves what this process reads as the time, `Date.now` and
 * `performance.now`, and so the ages of sessions, tokens and records in memory. Timers and sockets keep real time.
 * Call it outside of tests: each test of the file begins with the real time.
 */
export function useClock(): { advance(seconds: number): void } {
  let ahead = 0;
  let spies: { mockRestore(): void }[] = [];
  beforeEach(() => {
    ahead = 0;
    spies = [Date, performance].map((clock) => {
      const now = clock.now.bind(clock);
      return jest.spyOn(clock, 'now').mockImplementation(() => now() + ahead);
    });
  });
  afterEach(() => {
    for (const spy of spies) spy.mockRestore();
  });
  return {
    advance(seconds) {
      ahead += seconds * 1000;
    },
  };
}
