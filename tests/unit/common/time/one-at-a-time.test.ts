import { setImmediate } from 'node:timers/promises';
import { oneAtATime } from '../../../../common/time/one-at-a-time.ts';

/** Work that ends when the test says so. */
function heldWork() {
  const runs: { end: () => void; fail: (error: Error) => void }[] = [];
  const ask = oneAtATime(() => new Promise<void>((resolve, reject) => void runs.push({ end: resolve, fail: reject })));
  return { runs, ask };
}

test('a hundred calls during a run share one further run, which begins when the first one has ended', async () => {
  const { runs, ask } = heldWork();
  const first = ask();
  await setImmediate();
  const others = Array.from({ length: 100 }, () => ask());
  await setImmediate();
  expect(runs.length).toBe(1);
  runs[0]?.end();
  await first;
  await setImmediate();
  expect(runs.length).toBe(2);
  runs[1]?.end();
  await Promise.all(others);
  expect(runs.length).toBe(2);
});

test('a run that fails tells those who asked for it, and the next one goes on', async () => {
  const { runs, ask } = heldWork();
  const first = ask();
  await setImmediate();
  const second = ask();
  runs[0]?.fail(new Error('the disk is full'));
  await expect(first).rejects.toThrow('the disk is full');
  await setImmediate();
  runs[1]?.end();
  await expect(second).resolves.toBeUndefined();
});
