import { ServerShares } from '../../../relay/server-share.ts';

/** Uses this much processor time. */
function work(milliseconds: number): void {
  const before = process.threadCpuUsage();
  const used = () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  };
  while (used() < milliseconds);
}

describe('the time of the relay', () => {
  test('is cut into slices of about a millisecond', () => {
    const pace = new ServerShares().paceOf('one', 'answer');
    pace.begin();
    expect(pace.isDue()).toBe(false);
    work(2);
    expect(pace.isDue()).toBe(true);
  });

  test('runs out for a server that uses a lot of it at once, and not for others', async () => {
    const shares = new ServerShares();
    const [greedy, other] = [shares.paceOf('greedy', 'answer'), shares.paceOf('other', 'answer')];
    greedy.begin();
    work(100);
    greedy.end();
    // On each stream of the same server.
    const next = shares.paceOf('greedy', 'answer');
    next.begin();
    expect(next.isDue()).toBe(false);
    work(0.4);
    expect(next.isDue()).toBe(true);
    other.begin();
    expect(other.isDue()).toBe(false);
    next.begin();
    const began = performance.now();
    await next.rest();
    // 100 ms less the 20 that were saved up, at a quarter of the time.
    expect(performance.now() - began).toBeGreaterThan(200);
  });

  test('is used up by many small pieces of work on streams', () => {
    const pace = new ServerShares().paceOf('one', 'stream');
    for (let n = 0; n < 400; n++) {
      pace.begin();
      work(0.3);
      pace.end();
    }
    pace.begin();
    work(0.1);
    expect(pace.isDue()).toBe(true);
  });

  test('is given to the waiting streams of a server one after another', async () => {
    const shares = new ServerShares();
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3].map(async (n) => {
        await shares.paceOf('one', 'answer').rest();
        order.push(n);
      }),
    );
    expect(order).toEqual([1, 2, 3]);
  });
});

test('A server may cause a few questions at once, and others are not affected', () => {
  const shares = new ServerShares(2);
  expect([1, 2, 3].map(() => shares.mayAsk('one'))).toEqual([true, true, false]);
  expect(shares.mayAsk('two')).toBe(true);
});

describe('log lines about what a server sends', () => {
  test('come in a burst, then are left out and counted, for each server by itself', () => {
    const shares = new ServerShares();
    const written: number[] = [];
    const note = ({ left_out }: { left_out: number }) => void written.push(left_out);
    for (let n = 0; n < 100; n++) shares.log('noisy', note);
    expect(written).toEqual(Array(20).fill(0));
    shares.log('other', note);
    expect(written).toEqual(Array(21).fill(0));
  });
});
