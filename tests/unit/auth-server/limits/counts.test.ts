import type { Counted } from '../../../../auth-server/limits/count-store.ts';
import { type Asked, createCounts } from '../../../../auth-server/limits/counts.ts';

const together = { isAlone: false, processes: 4 };
const alone = { isAlone: true, processes: 4 };
const noon = Date.parse('2026-11-30T12:00:00Z');

function counting(kept?: number, start = noon) {
  let time = start;
  const counts = createCounts(() => time, kept);
  const asked = (caller: string, change: Partial<Asked> = {}): Asked => ({
    ...{ counter: 'c', caller, name: caller, most: 10, seconds: 3_600 },
    ...change,
  });
  const take = (caller: string, change: Partial<Asked> = {}, company = together) =>
    typeof counts.take([asked(caller, change)], company) === 'function';
  const times = (count: number, ...rest: Parameters<typeof take>) =>
    Array.from({ length: count }, () => take(...rest)).filter(Boolean).length;
  const pass = (seconds: number) => {
    time += seconds * 1000;
  };
  /** What another process has brought the total to. */
  const hear = (total: number) => {
    const batch = counts.batch(100);
    counts.shared(batch, new Map(batch.rows.map(({ counter, caller }) => [`${counter} ${caller}`, total])));
  };
  return { counts, asked, take, times, pass, hear };
}

test('a caller has as many calls in a window as are allowed, and others have their own', () => {
  const { times } = counting();
  expect(times(15, 'ann')).toBe(10);
  expect(times(15, 'bob')).toBe(10);
});

test.each([
  [60, '2026-11-30T12:00:59.999Z', '2026-11-30T12:01:00Z'],
  [3_600, '2026-11-30T12:59:59.999Z', '2026-11-30T13:00:00Z'],
  [86_400, '2026-11-30T23:59:59.999Z', '2026-12-01T00:00:00Z'],
])('a window of %i seconds has no room until its end, and then all of it', (seconds, last, next) => {
  const { times, pass, counts, asked } = counting();
  expect(times(11, 'ann', { seconds })).toBe(10);
  pass((Date.parse(last) - noon) / 1000);
  expect(counts.take([asked('ann', { seconds })], together)).toMatchObject({ endsAt: Date.parse(next) });
  pass((Date.parse(next) - Date.parse(last)) / 1000);
  expect(times(11, 'ann', { seconds })).toBe(10);
});

test('a call for which one of several limits has no room counts for none of them', () => {
  const { counts, asked, times } = counting();
  const day = asked('ann', { counter: 'day', seconds: 86_400, most: 2 });
  const hour = asked('ann');
  for (let i = 0; i < 2; i++) expect(counts.take([hour, day], together)).toBeInstanceOf(Function);
  expect(counts.take([hour, day], together)).toEqual({ asked: day, endsAt: Date.parse('2026-12-01T00:00:00Z') });
  expect(times(20, 'ann')).toBe(8);
});

test('of two full limits, the one is named that has room last', () => {
  const { counts, asked, times } = counting();
  const day = asked('ann', { counter: 'day', seconds: 86_400, most: 1 });
  counts.take([day], together);
  times(10, 'ann');
  for (const order of [
    [asked('ann'), day],
    [day, asked('ann')],
  ])
    expect(counts.take(order, together)).toMatchObject({ asked: { counter: 'day' } });
});

test('a call that is taken back leaves room, also when it was shared meanwhile', () => {
  const { counts, asked, times, hear } = counting();
  times(9, 'ann');
  const taken = counts.take([asked('ann')], together);
  hear(10);
  (taken as () => void)();
  expect(counts.batch(10).rows).toEqual([expect.objectContaining({ calls: -1 })]);
  expect(times(5, 'ann')).toBe(1);
});

test('a call that is taken back after its window has ended gives the next window no room', () => {
  const { counts, asked, times, pass, hear } = counting();
  const taken = counts.take([asked('ann')], together);
  pass(3_600);
  expect(times(20, 'ann')).toBe(10);
  (taken as () => void)();
  expect(times(20, 'ann')).toBe(0);
  expect(counts.batch(10).rows).toEqual([expect.objectContaining({ calls: 10 })]);
  hear(10);
  expect(times(20, 'ann')).toBe(0);
});

test('a call that is taken back leaves room also for a caller who was forgotten meanwhile', () => {
  const { counts, asked, times, hear } = counting(1);
  times(9, 'ann');
  const taken = counts.take([asked('ann')], together);
  hear(10);
  times(1, 'bob');
  hear(1);
  (taken as () => void)();
  expect(times(5, 'ann')).toBe(1);
});

test('what other processes have counted fills the window', () => {
  const { times, hear } = counting();
  expect(times(3, 'ann')).toBe(3);
  hear(8);
  expect(times(9, 'ann')).toBe(2);
});

test('a raised or lowered limit counts at once, with the calls that were made', () => {
  const { times } = counting();
  expect(times(8, 'ann')).toBe(8);
  expect(times(5, 'ann', { most: 5 })).toBe(0);
  expect(times(20, 'ann', { most: 20 })).toBe(12);
});

describe('a process that counts alone', () => {
  test('admits its share of what was left', () => {
    const { times, hear } = counting();
    times(2, 'ann');
    hear(2);
    expect(times(10, 'ann', {}, alone)).toBe(2);
    expect(times(10, 'new', {}, alone)).toBe(2);
  });

  test('admits one call where fewer are left than there are processes, and none where none is', () => {
    const { times, hear } = counting();
    times(1, 'ann');
    hear(9);
    expect(times(5, 'ann', {}, alone)).toBe(1);
    const full = counting();
    full.times(1, 'ann');
    full.hear(12);
    expect(full.times(5, 'ann', {}, alone)).toBe(0);
  });

  test('goes on to fill the rest when the database answers again', () => {
    const { times } = counting();
    expect(times(10, 'ann', {}, alone)).toBe(2);
    expect(times(20, 'ann')).toBe(8);
  });
});

describe('batches', () => {
  test('have what the database does not have, once', () => {
    const { counts, times } = counting();
    times(3, 'ann');
    const batch = counts.batch(10);
    expect(batch.rows).toMatchObject([{ caller: 'ann', calls: 3, startsAt: noon / 1000, endsAt: noon / 1000 + 3_600 }]);
    times(2, 'ann');
    counts.shared(batch, new Map([['c ann', 3]]));
    expect(counts.batch(10).rows).toMatchObject([{ calls: 2 }]);
  });

  test('have them again if the database did not get them, and not if only its answer was lost', () => {
    const { counts, times } = counting();
    times(3, 'ann');
    const lost = counts.batch(10);
    expect(counts.batch(10).rows).toMatchObject([{ calls: 3 }]);
    counts.shared(lost);
    expect(counts.batch(10).rows).toEqual([]);
    expect(times(9, 'ann')).toBe(7);
  });

  test('are bounded, and the oldest come first', () => {
    const { counts, take } = counting();
    for (const name of ['a', 'b', 'c']) take(name);
    expect(counts.batch(2).rows.map(({ caller }) => caller)).toEqual(['a', 'b']);
  });

  test('leave out a window that has ended, and what is heard of it changes nothing', () => {
    const { counts, times, pass } = counting();
    times(10, 'ann');
    const late = counts.batch(10);
    pass(3_600);
    expect(counts.batch(10).rows).toEqual([]);
    expect(times(3, 'ann')).toBe(3);
    counts.shared(late, new Map([['c ann', 10]]));
    expect(times(20, 'ann')).toBe(7);
  });
});

test('a clock that goes back to the window before gives no new calls', () => {
  const { times, pass } = counting();
  expect(times(10, 'ann')).toBe(10);
  pass(-1);
  expect(times(3, 'ann')).toBe(0);
  pass(3_601);
  expect(times(20, 'ann')).toBe(10);
});

test('a clock that was wrong by days does not lock anyone out when it is right again', () => {
  const { times, pass } = counting();
  expect(times(10, 'ann')).toBe(10);
  pass(-3 * 86_400);
  expect(times(10, 'ann')).toBe(10);
});

test('a million callers take the memory of some, and no call of theirs is lost while the database answers', () => {
  const { counts, take, hear, times } = counting(1_000);
  let sent = 0;
  for (let i = 0; i < 1_000_000; i++) {
    if (i % 500 === 0) {
      sent += counts.batch(10_000).rows.reduce((sum, { calls }) => sum + calls, 0);
      const batch = counts.batch(10_000);
      counts.shared(batch, new Map(batch.rows.map(({ counter, caller, calls }) => [`${counter} ${caller}`, calls])));
    }
    if (i % 100 === 0) take('busy', { most: 1_000_000 });
    take(`caller-${i}`);
  }
  hear(7);
  expect(counts.size()).toBeLessThanOrEqual(1_000);
  expect(sent).toBeGreaterThanOrEqual(1_000_000);
  // Who calls all the time is never forgotten.
  expect(times(5, 'busy')).toBe(3);
});

test('while the database is away, the memory stays bounded too', () => {
  const { counts, take } = counting(1_000);
  for (let i = 0; i < 20_000; i++) take(`caller-${i}`, {}, alone);
  expect(counts.size()).toBeLessThanOrEqual(1_000);
  expect(counts.unsent()).toBeLessThanOrEqual(1_000);
});

test('what was counted before a process began counts, the newest knowledge first', () => {
  const { counts, times } = counting();
  const row = (caller: string, calls: number): Counted => ({
    ...{ counter: 'c', caller, name: caller, startsAt: noon / 1000, endsAt: noon / 1000 + 3_600, calls, most: 10 },
  });
  times(4, 'bob');
  counts.recall([row('ann', 9), row('bob', 1)]);
  expect(times(5, 'ann')).toBe(1);
  expect(times(10, 'bob')).toBe(6);
});
