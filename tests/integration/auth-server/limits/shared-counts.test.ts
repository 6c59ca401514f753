import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type CountStore, openCountStore } from '../../../../auth-server/limits/count-store.ts';
import type { Asked } from '../../../../auth-server/limits/counts.ts';
import { type SharedCounts, shareCounts } from '../../../../auth-server/limits/shared-counts.ts';
import { openStore } from '../../../../auth-server/store/store.ts';
import { useClock } from '../../../support/clock.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';
import { emptyDatabase } from '../../../support/postgres/databases.ts';
import { openLine } from '../../../support/postgres/line.ts';
import { linesUntilKilled } from '../../../support/process.ts';

const clock = useClock();
const log = { error: () => undefined, info: () => undefined };
const day = 86_400;
const asked = (caller: string, change: Partial<Asked> = {}): Asked => ({
  ...{ counter: 'c', caller, name: caller, most: 10, seconds: day },
  ...change,
});
const module = (name: string) => JSON.stringify(resolve(`auth-server/limits/${name}.ts`));

const opened: SharedCounts[] = [];
/** One process that counts. It shares when it is told to. */
async function start(store: CountStore, hasLimits = true, monotonic?: () => number): Promise<SharedCounts> {
  const counts = await shareCounts({ store, hasLimits: () => hasLimits, log, every: 0, monotonic });
  opened.push(counts);
  return counts;
}
/** How many of `times` calls pass. */
const pass = (counts: SharedCounts, times: number, ...rest: Parameters<typeof asked>) =>
  Array.from({ length: times }, () => typeof counts.take([asked(...rest)]) === 'function').filter(Boolean).length;

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

describe.each<[string, Places]>(bothDatabases('data'))('%s:', (kind, places) => {
  let where: string;
  beforeEach(async () => {
    where = await places.empty();
  });
  const another = async () => await start(await openCountStore(where));
  /** SQLite blocks a process while another one writes. Here both are one, and would wait for themselves. */
  const shareAll = async (...all: SharedCounts[]) => {
    if (kind === 'PostgreSQL') await Promise.all(all.map((each) => each.share()));
    else for (const each of all) await each.share();
  };

  test('an upgrade adds the counts to a database that has none, and keeps what is there', async () => {
    const fresh = await places.fresh();
    const before = await openStore(fresh);
    const by = { sub: 'ada00000', name: 'ada' };
    const version = { version: 'v', parent: null, by, why: 'for this test', source: 'file' as const, text: '' };
    await before.policyVersions.add(version);
    await before.close();
    const counts = await start(await openCountStore(fresh));
    expect(pass(counts, 20, 'person ann')).toBe(10);
    await counts.share();
    const after = await openStore(fresh);
    expect(await after.policyVersions.newest()).toEqual({ number: 1, version: 'v' });
    await after.close();
    expect(pass(await start(await openCountStore(fresh)), 20, 'person ann')).toBe(0);
  });

  test('two processes fill one window together', async () => {
    const [one, other] = [await another(), await another()];
    expect(pass(one, 6, 'person ann')).toBe(6);
    await one.share();
    expect(pass(other, 1, 'person ann')).toBe(1);
    await other.share();
    expect(pass(other, 20, 'person ann')).toBe(3);
    await other.share();
    await one.share();
    expect(pass(one, 1, 'person ann')).toBe(1);
    await one.share();
    expect(pass(one, 5, 'person ann')).toBe(0);
  });

  test('a process admits no more before it hears of the others than the limit allows', async () => {
    const [one, other] = [await another(), await another()];
    expect(pass(one, 50, 'person ann') + pass(other, 50, 'person ann')).toBe(20);
    await shareAll(one, other);
    expect(pass(one, 1, 'person ann')).toBe(0);
    pass(other, 1, 'person ann');
    await shareAll(one, other);
    expect(pass(one, 50, 'person ann') + pass(other, 50, 'person ann')).toBe(0);
  });

  test('a restarted process goes on where it was', async () => {
    const one = await another();
    expect(pass(one, 20, 'person ann')).toBe(10);
    expect(pass(one, 4, 'person bob')).toBe(4);
    await opened.pop()?.close();
    const next = await another();
    expect(pass(next, 20, 'person ann')).toBe(0);
    expect(pass(next, 20, 'person bob')).toBe(6);
  });

  test('a process that was killed loses nothing that it had shared', async () => {
    const said = await linesUntilKilled(`
      const { openCountStore } = await import(${module('count-store')});
      const { shareCounts } = await import(${module('shared-counts')});
      const store = await openCountStore(${JSON.stringify(where)});
      const log = { error: () => undefined, info: () => undefined };
      const counts = await shareCounts({ store, hasLimits: () => true, log, every: 0 });
      for (let made = 1; ; made++) {
        counts.take([${JSON.stringify(asked('person ann', { most: 1_000_000 }))}]);
        await counts.share();
        console.log(made);
      }`);
    const store = await openCountStore(where);
    await start(store);
    const [row] = await store.of('person ann');
    expect(row?.calls).toBeGreaterThanOrEqual(Number(said.at(-1)));
    expect(row?.calls).toBeLessThanOrEqual(Number(said.at(-1)) + 1);
  });

  test('many callers of several processes are added at once, and no call is lost', async () => {
    const processes = [await another(), await another(), await another()];
    const names = Array.from({ length: 1_200 }, (_, i) => `person ${i}`);
    for (const [i, one] of processes.entries())
      for (const name of i === 1 ? names.toReversed() : names) pass(one, 1, name);
    await shareAll(...processes);
    const store = await openCountStore(where);
    const rows = await store.nearest(5_000);
    await store.close();
    expect(rows).toHaveLength(1_200);
    expect(rows.every(({ calls }) => calls === 3)).toBe(true);
  });

  test('who is nearest to a limit comes first, by its part and not by calls; ended windows are left out and deleted', async () => {
    const store = await openCountStore(where);
    const one = await start(store);
    pass(one, 50, 'person far', { most: 101 });
    pass(one, 3, 'person near', { most: 4 });
    pass(one, 1, 'agent half', { most: 2, counter: 'other' });
    await one.share();
    expect((await store.nearest(2)).map(({ caller }) => caller)).toEqual(['person near', 'agent half']);
    expect(await store.nearest(9, ['other'])).toMatchObject([{ caller: 'agent half', name: 'agent half' }]);
    expect(await store.nearest(9, [])).toEqual([]);
    const [row] = await store.of('person near');
    const ended = { ...row, counter: 'old', caller: 'person near', name: '', calls: 9, most: 9 };
    await store.add(99, [{ ...ended, startsAt: 60, endsAt: 120 }]);
    expect(await store.of('person near')).toHaveLength(1);
    await store.prune();
    const total = await store.add(100, [{ ...ended, startsAt: 60, endsAt: 120, calls: 1 }]);
    expect([...total.totals.values()]).toEqual([1]);
  });

  test('each process knows how many there are; one that has stopped counts no more', async () => {
    const store = await openCountStore(where);
    await start(store);
    const other = await another();
    expect((await store.add(50, [])).processes).toBe(2);
    opened.splice(opened.indexOf(other), 1);
    await other.close();
    expect((await store.add(51, [])).processes).toBe(1);
  });

  test('the window follows the clock of the database, not that of the machine', async () => {
    // What a test moves ahead is the time of day that the machine believes in, and not the ticks that it counts.
    const ticks = () => Number(process.hrtime.bigint()) / 1e6;
    const right = await start(await openCountStore(where), true, ticks);
    clock.advance(2 * day);
    const wrong = await start(await openCountStore(where), true, ticks);
    expect(Math.abs(wrong.now() - Date.now() + 2 * day * 1000)).toBeLessThan(60_000);
    expect(pass(wrong, 10, 'person ann')).toBe(10);
    await wrong.share();
    await right.share();
    expect(pass(right, 1, 'person ann')).toBe(1);
    await right.share();
    expect(pass(right, 5, 'person ann')).toBe(0);
  });

  test('without limits nothing is read or written', async () => {
    const store = await openCountStore(where);
    const counts = await start(
      { ...store, add: () => Promise.reject(new Error('written')), nearest: () => Promise.reject(new Error('read')) },
      false,
    );
    expect(counts.isAlone()).toBe(false);
  });
});

describe('when the database does not answer', () => {
  /** A store that fails when it is told to, before or after it has written. */
  async function breakable(where: string) {
    const store = await openCountStore(where);
    let fault: 'before' | 'after' | undefined;
    return {
      break: (when: typeof fault) => {
        fault = when;
      },
      store: {
        ...store,
        async add(...words: Parameters<CountStore['add']>) {
          if (fault === 'before') throw new Error('no connection');
          const said = await store.add(...words);
          if (fault === 'after') throw new Error('the answer was lost');
          return said;
        },
      },
    };
  }
  const where = bothDatabases('data').map(([kind, places]) => [kind, places] as const);

  test.each(where)('each process admits its share, and all is added later (%s)', async (_kind, places) => {
    const place = await places.empty();
    const [a, b] = [await breakable(place), await breakable(place)];
    const [one, other] = [await start(a.store), await start(b.store)];
    await one.share();
    expect(one.isAlone()).toBe(false);
    for (const each of [a, b]) each.break('before');
    for (const each of [one, other]) await expect(each.share()).rejects.toThrow('no connection');
    expect([one.isAlone(), other.isAlone()]).toEqual([true, true]);
    expect(pass(one, 20, 'person ann') + pass(other, 20, 'person ann')).toBe(10);
    for (const each of [a, b]) each.break(undefined);
    for (const each of [one, other]) await each.share();
    expect([one.isAlone(), other.isAlone()]).toEqual([false, false]);
    expect((await a.store.of('person ann'))[0]?.calls).toBe(10);
    expect(pass(other, 20, 'person ann')).toBe(0);
  });

  test.each(where)('calls count once, although only the answer was lost, however often (%s)', async (_kind, places) => {
    const { store, break: fail } = await breakable(await places.empty());
    const one = await start(store);
    expect(pass(one, 4, 'person ann')).toBe(4);
    fail('after');
    for (let i = 0; i < 3; i++) await expect(one.share()).rejects.toThrow('the answer was lost');
    fail(undefined);
    await one.share();
    expect((await store.of('person ann'))[0]?.calls).toBe(4);
    expect(pass(one, 20, 'person ann')).toBe(6);
  });

  test('a line that is cut makes a process count alone, and it shares again when the line is back', async () => {
    const line = await openLine(await emptyDatabase());
    const one = await start(await openCountStore(line.url));
    expect(pass(one, 1, 'person ann')).toBe(1);
    await line.cut();
    await expect(one.share()).rejects.toThrow();
    expect(one.isAlone()).toBe(true);
    await line.restore();
    await one.share();
    expect(one.isAlone()).toBe(false);
    await opened.pop()?.close();
    await line.close();
  });

  test('a process does not wait for a database that hangs: after two seconds it counts alone', async () => {
    const line = await openLine(await emptyDatabase());
    const one = await start(await openCountStore(line.url));
    expect(pass(one, 1, 'person ann')).toBe(1);
    line.hang();
    const sharing = one.share();
    expect(pass(one, 1, 'person ann')).toBe(1);
    await setImmediate();
    expect(one.isAlone()).toBe(false);
    clock.advance(3);
    expect(one.isAlone()).toBe(true);
    line.resume();
    await sharing;
    expect(one.isAlone()).toBe(false);
    await opened.pop()?.close();
    await line.close();
  });
});
