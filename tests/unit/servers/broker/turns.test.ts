import { limits } from '../../../../servers/broker/limits.ts';
import { Turns } from '../../../../servers/broker/members/turns.ts';

const { turnsPerCaller, waitingPerCaller } = limits;

test('a caller has eight turns at a time, and a bounded number that wait; other callers do not wait for it', async () => {
  const turns = new Turns();
  const gate = Promise.withResolvers<void>();
  let running = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await gate.promise;
    running--;
  };
  const all = Array.from({ length: turnsPerCaller + waitingPerCaller }, () => turns.run('alice', work));
  await expect(turns.run('alice', work)).rejects.toThrow('Too many of your requests wait');
  expect(await turns.run('bob', async () => 'done')).toBe('done');
  gate.resolve();
  await Promise.all(all);
  expect([most, running]).toEqual([turnsPerCaller, 0]);
});

test('a turn that fails makes room for the next one', async () => {
  const turns = new Turns();
  const failing = Array.from({ length: turnsPerCaller }, () =>
    turns.run('alice', () => Promise.reject(new Error('no'))),
  );
  await Promise.allSettled(failing);
  expect(await turns.run('alice', async () => 'done')).toBe('done');
});
