import { AuthError } from '../../../../auth-server/denials/auth-error.ts';
import type { Principal } from '../../../../auth-server/identity/principal.ts';
import { createBodyLimits, heavyBytes, heldBytesFor } from '../../../../auth-server/limits/bodies.ts';

const someone = (subject: string) => ({ kind: 'agent', subject }) as Principal;
const maxBody = 4_194_304;
const heavy = heavyBytes + 1;

/** Limits with a clock that a test moves. */
function limits(heldBytes?: number) {
  let clock = 0;
  const wait = (milliseconds: number) => {
    clock += milliseconds;
  };
  const receive = createBodyLimits(maxBody, heldBytes, () => clock);
  const denial = (work: () => unknown) => {
    try {
      work();
      return undefined;
    } catch (error) {
      if (error instanceof AuthError) return { code: error.code, retryAfter: error.details.retryAfter };
      throw error;
    }
  };
  return {
    receive,
    wait,
    /** A whole body whose judgement takes `cost` milliseconds. @returns the denial */
    send: (subject: string, bytes: number, cost: number) => {
      const body = receive(someone(subject));
      const refused = denial(() => {
        for (let sent = 0; sent < bytes; sent += heavyBytes) body.add(Math.min(heavyBytes, bytes - sent));
        body.judge(() => wait(cost));
      });
      body.release();
      return refused;
    },
    denial,
  };
}

describe('the time of heavy bodies', () => {
  test('is a quarter of one process for each principal', () => {
    const { send, wait } = limits();
    let spent = 0;
    for (let elapsed = 0; elapsed < 60_000; elapsed += 100) {
      if (send('greedy', maxBody, 100) === undefined) spent += 100;
      else wait(100);
    }
    expect(spent / 60_000).toBeGreaterThan(0.2);
    expect(spent / 60_000).toBeLessThan(0.27);
  });

  test('may be used ahead a little, and then the denial says when to go on', () => {
    const { send, wait } = limits();
    expect(send('a', maxBody, 400)).toBeUndefined();
    expect(send('a', maxBody, 400)).toBeUndefined();
    const refused = send('a', maxBody, 400);
    expect(refused).toEqual({ code: 'too_many_requests', retryAfter: 1 });
    wait(1_000 * (refused?.retryAfter ?? 0));
    expect(send('a', maxBody, 1)).toBeUndefined();
  });

  test('is never asked of other principals, nor of ordinary bodies', () => {
    const { send } = limits();
    for (let n = 0; n < 10; n++) send('a', maxBody, 400);
    expect(send('a', heavy, 1)).toMatchObject({ code: 'too_many_requests' });
    expect(send('b', heavy, 1)).toBeUndefined();
    for (let n = 0; n < 10_000; n++) expect(send('a', heavyBytes, 1)).toBeUndefined();
  });

  test('counts for a body that was refused, too', () => {
    const { receive, send, wait, denial } = limits();
    const body = receive(someone('a'));
    body.add(heavy);
    const work = () => {
      wait(800);
      throw new AuthError('request_refused', '');
    };
    expect(denial(() => body.judge(work))).toMatchObject({ code: 'request_refused' });
    body.release();
    expect(send('a', heavy, 1)).toMatchObject({ code: 'too_many_requests' });
  });
});

describe('the memory of bodies', () => {
  test('is bounded for all together, until some of them are released', () => {
    const { receive, denial } = limits(10_000_000);
    const bodies = [1, 2, 3].map((n) => receive(someone(String(n))));
    expect(bodies.map((body) => denial(() => body.add(maxBody))?.code)).toEqual([undefined, undefined, 'too_busy']);
    for (const body of bodies) body.release();
    expect(denial(() => receive(someone('4')).add(maxBody))).toBeUndefined();
  });

  test('never refuses an ordinary request, however much large bodies take', () => {
    const { receive, denial } = limits(10_000_000);
    for (const n of [1, 2, 3]) denial(() => receive(someone(String(n))).add(maxBody));
    expect(denial(() => receive(someone('4')).add(heavyBytes))).toBeUndefined();
  });

  test('is bounded for each one', () => {
    const { receive, denial } = limits();
    const body = receive(someone('a'));
    body.add(maxBody);
    expect(denial(() => body.add(1))?.code).toBe('body_too_large');
  });

  test('has room for two of the largest, whatever the setting', () => {
    for (const most of [1_024, maxBody, 100_000_000]) expect(heldBytesFor(most)).toBeGreaterThanOrEqual(2 * most);
  });
});

describe('the steps of heavy bodies', () => {
  const received = (receive: ReturnType<typeof limits>['receive'], who = 'a') => {
    const body = receive(someone(who));
    body.add(heavy);
    return body;
  };

  test('come one in each turn of the event loop, so that other requests are answered between them', async () => {
    const { receive } = limits();
    const seen: string[] = [];
    const steps = function* (name: string): Generator<undefined, string> {
      for (const step of [1, 2]) {
        seen.push(`${name}${step}`);
        yield;
      }
      return name;
    };
    let turns = 0;
    const watch = () => {
      seen.push('turn');
      if (++turns < 100) setImmediate(watch);
    };
    setImmediate(watch);
    const both = ['a', 'b'].map((name) => received(receive, name).judgeInSteps(steps(name)));
    expect(await Promise.all(both)).toEqual(['a', 'b']);
    // No turn has steps of two bodies, nor two of one.
    expect(seen.join(' ')).not.toMatch(/\d \w\d/);
    expect(seen.filter((each) => each !== 'turn')).toEqual(['a1', 'a2', 'b1', 'b2']);
  });

  test('go on for others after one that fails', async () => {
    const { receive } = limits();
    const failing = function* (): Generator<undefined, never> {
      yield;
      throw new RangeError('broken');
    };
    const good = function* (): Generator<undefined, string> {
      yield;
      return 'read';
    };
    const first = received(receive).judgeInSteps(failing());
    const second = received(receive).judgeInSteps(good());
    await expect(first).rejects.toThrow(new RangeError('broken'));
    expect(await second).toBe('read');
  });

  test('are denied, and not begun, if those before them took too long', async () => {
    const { receive, wait } = limits();
    const slow = function* (): Generator<undefined, string> {
      wait(801);
      yield;
      return 'read';
    };
    let isBegun = false;
    const late = function* (): Generator<undefined, string> {
      isBegun = true;
      yield;
      return 'read';
    };
    const first = received(receive).judgeInSteps(slow());
    const second = received(receive).judgeInSteps(late());
    await expect(second).rejects.toMatchObject({ code: 'too_busy' });
    expect([await first, isBegun]).toEqual(['read', false]);
    expect(await received(receive, 'another').judgeInSteps(late())).toBe('read');
  });

  test('count as the time of their principal', async () => {
    const { receive, wait, send } = limits();
    const slow = function* (): Generator<undefined, string> {
      wait(300);
      yield;
      wait(300);
      return 'read';
    };
    const body = received(receive, 'greedy');
    await body.judgeInSteps(slow());
    body.release();
    expect(send('greedy', heavy, 0)?.code).toBe('too_many_requests');
    expect(send('other', heavy, 0)).toBeUndefined();
  });

  test('are for heavy bodies only', () => {
    const { receive } = limits();
    const body = receive(someone('a'));
    body.add(heavyBytes);
    expect(body.isHeavy()).toBe(false);
    body.add(1);
    expect(body.isHeavy()).toBe(true);
  });
});
