import { jest } from '@jest/globals';
import { interval } from '../../../../common/time/interval.ts';

/** Work that goes on until it is let go. */
const begun: PromiseWithResolvers<void>[] = [];
const work = () => {
  const run = Promise.withResolvers<void>();
  begun.push(run);
  return run.promise;
};
const told = jest.fn();
let timer: NodeJS.Timeout;
const begin = (options?: { atOnce: boolean }) => {
  timer = interval(100, work, told, options);
};
beforeEach(() => {
  begun.length = 0;
  told.mockClear();
  jest.useFakeTimers();
});
afterEach(() => {
  clearInterval(timer);
  jest.useRealTimers();
});

test.each([
  ['after an interval', undefined, [0, 1]],
  ['at once, if it is asked to', { atOnce: true }, [1, 1]],
])('The first run begins %s', (_when, options, [before, after]) => {
  begin(options);
  expect(begun).toHaveLength(before ?? -1);
  jest.advanceTimersByTime(100);
  expect(begun).toHaveLength(after ?? -1);
});

test.each([
  ['', undefined],
  [' that began at once', { atOnce: true }],
])('A run%s is not overlapped by the next one while it goes on', async (_when, options) => {
  begin(options);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(begun).toHaveLength(1);
  begun[0]?.resolve();
  await jest.advanceTimersByTimeAsync(100);
  expect(begun).toHaveLength(2);
});

test('Failures are told once a minute, and the work goes on', async () => {
  begin();
  const fail = async () => {
    await jest.advanceTimersByTimeAsync(100);
    begun.at(-1)?.reject(new Error('no'));
    await jest.advanceTimersByTimeAsync(0);
  };
  await fail();
  await fail();
  expect([begun.length, told.mock.calls.length]).toEqual([2, 1]);
  await jest.advanceTimersByTimeAsync(60_000);
  begun.at(-1)?.resolve();
  await fail();
  expect(told).toHaveBeenCalledTimes(2);
});
