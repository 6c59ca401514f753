import { ServerShares } from '../../../../relay/upstream/server-share.ts';

/** A thread whose time passes only where a test says so. */
function slowMotion() {
  let now = 0;
  let used = 0;
  return {
    now: () => now,
    used: () => used,
    async sleep(milliseconds: number) {
      now += milliseconds;
    },
    work(milliseconds: number) {
      now += milliseconds;
      used += milliseconds;
    },
    /** The machine runs something else. */
    stand(milliseconds: number) {
      now += milliseconds;
    },
  };
}

describe('the time of the relay', () => {
  test('is cut into slices of about a millisecond', () => {
    const clock = slowMotion();
    const pace = new ServerShares(1, clock).paceOf('one', 'answer');
    pace.begin();
    expect(pace.isDue()).toBe(false);
    clock.work(0.9);
    expect(pace.isDue()).toBe(false);
    clock.work(0.2);
    expect(pace.isDue()).toBe(true);
  });

  test('is counted by the processor: what other processes use is not the time of a server', () => {
    const clock = slowMotion();
    const pace = new ServerShares(1, clock).paceOf('one', 'answer');
    pace.begin();
    clock.stand(500);
    expect(pace.isDue()).toBe(false);
  });

  test('runs out for a server that uses a lot of it at once, and not for others', async () => {
    const clock = slowMotion();
    const shares = new ServerShares(1, clock);
    const [greedy, other] = [shares.paceOf('greedy', 'answer'), shares.paceOf('other', 'answer')];
    greedy.begin();
    clock.work(100);
    greedy.end();
    // On each stream of the same server.
    const next = shares.paceOf('greedy', 'answer');
    next.begin();
    expect(next.isDue()).toBe(false);
    clock.work(0.4);
    expect(next.isDue()).toBe(true);
    other.begin();
    expect(other.isDue()).toBe(false);
    next.begin();
    const began = clock.now();
    await next.rest();
    // 100 ms less the 20 that were saved up, at a quarter of the time.
    expect(clock.now() - began).toBeGreaterThan(200);
    expect(clock.now() - began).toBeLessThan(400);
  });

  test('is used up by many small pieces of work on streams', () => {
    const clock = slowMotion();
    const pace = new ServerShares(1, clock).paceOf('one', 'stream');
    for (let n = 0; n < 400; n++) {
      pace.begin();
      clock.work(0.3);
      pace.end();
    }
    pace.begin();
    clock.work(0.1);
    expect(pace.isDue()).toBe(true);
  });

  test('is given to the waiting streams of a server one after another', async () => {
    const shares = new ServerShares(1, slowMotion());
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
  const shares = new ServerShares(2, slowMotion());
  expect([1, 2, 3].map(() => shares.mayAsk('one'))).toEqual([true, true, false]);
  expect(shares.mayAsk('two')).toBe(true);
});

describe('log lines about what a server sends', () => {
  test('come in a burst, then are left out and counted, for each server by itself', () => {
    const clock = slowMotion();
    const shares = new ServerShares(1, clock);
    const written: number[] = [];
    const note = ({ left_out }: { left_out: number }) => void written.push(left_out);
    for (let n = 0; n < 100; n++) shares.log('noisy', note);
    expect(written).toEqual(Array(20).fill(0));
    shares.log('other', note);
    expect(written).toEqual(Array(21).fill(0));
    clock.stand(1_001);
    shares.log('noisy', note);
    expect(written.at(-1)).toBe(80);
  });
});
