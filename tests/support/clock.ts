/**
 * A clock that a test moves forward instead of waiting. It moves what this process reads as the time, `Date.now` and
 * `performance.now`, and so the ages of sessions, tokens and records in memory. Timers and sockets keep real time.
 * Call it outside of tests: each test of the file begins with the real time.
 */
export function useClock(): { advance(seconds: number): void } {
  let ahead = 0;
  const clocks = [Date, performance].map((clock) => ({ clock, real: clock.now }));
  beforeAll(() => {
    // Not a mock: what was started in one test may still ask for the time after it.
    for (const { clock, real } of clocks) clock.now = () => real.call(clock) + ahead;
  });
  beforeEach(() => {
    ahead = 0;
  });
  afterAll(() => {
    ahead = 0;
    for (const { clock, real } of clocks) clock.now = real;
  });
  return {
    advance(seconds) {
      ahead += seconds * 1000;
    },
  };
}
