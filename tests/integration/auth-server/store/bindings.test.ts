import { join, resolve } from 'node:path';
import type { BindingLimits } from '../../../../auth-server/store/binding.ts';
import { openStore, type Store } from '../../../../auth-server/store/store.ts';
import { temporaryDirectory } from '../../../support/auth-server/auth-fixture.ts';
import { useClock } from '../../../support/clock.ts';
import { until } from '../../../support/listen.ts';
import { linesUntilKilled } from '../../../support/process.ts';

const clock = useClock();
let home: ReturnType<typeof temporaryDirectory>;
let stores: Store[];
beforeEach(() => {
  home = temporaryDirectory();
  stores = [];
});
afterEach(async () => {
  for (const store of stores) await store.close();
  home.remove();
});
const open = async (limits?: BindingLimits) => {
  const store = await openStore(home.directory, undefined, limits);
  stores.push(store);
  return store.bindings;
};
const close = async () => {
  for (const store of stores) await store.close();
  stores = [];
};
const session = (id: string, owner = 'person:a', change: object = {}) => ({
  ...{ kind: 'session' as const, server: 'one', id, owner, target: undefined },
  ...change,
});

describe('a session or task with an owner', () => {
  test('is found as it was recorded, at once and after a restart, with its message endpoint', async () => {
    let bindings = await open();
    const noted = session('s', 'person:a', { target: '/m?x=1' });
    expect(await bindings.bind(noted)).toBe(true);
    expect(await bindings.bind(session('t'))).toBe(true);
    for (const _ of ['at once', 'from memory']) expect(await bindings.find('session', 'one', 's')).toMatchObject(noted);
    await close();
    bindings = await open();
    expect(await bindings.find('session', 'one', 's')).toMatchObject(noted);
    expect(await bindings.find('session', 'one', 't')).toMatchObject(session('t'));
  });

  test('is separate for each server, and a task is not a session', async () => {
    const bindings = await open();
    await bindings.bind(session('x', 'person:a'));
    await bindings.bind(session('x', 'person:b', { server: 'two' }));
    await bindings.bind(session('x', 'agent:c', { kind: 'task' }));
    const owners = await Promise.all([
      bindings.find('session', 'one', 'x'),
      bindings.find('session', 'two', 'x'),
      bindings.find('task', 'one', 'x'),
      bindings.find('task', 'two', 'x'),
    ]);
    expect(owners.map((found) => found?.owner)).toEqual(['person:a', 'person:b', 'agent:c', undefined]);
  });

  test('is found by its exact id only', async () => {
    const bindings = await open();
    await bindings.bind(session('Abc'));
    for (const id of ['abc', 'Abc ', ' Abc', 'Ab', '%', '', 'one Abc', "' or 1=1 --"])
      expect(await bindings.find('session', 'one', id)).toBeUndefined();
  });

  test('keeps its owner when another caller claims it, and may be recorded again by its owner', async () => {
    const bindings = await open();
    await bindings.bind(session('s', 'person:a', { target: '/a' }));
    expect(await bindings.bind(session('s', 'person:b', { target: '/b' }))).toBe(false);
    expect(await bindings.bind(session('s', 'agent:a'))).toBe(false);
    expect(await bindings.find('session', 'one', 's')).toMatchObject({ owner: 'person:a', target: '/a' });
    expect(await bindings.bind(session('s', 'person:a', { target: '/c' }))).toBe(true);
    expect(await bindings.find('session', 'one', 's')).toMatchObject({ target: '/c' });
  });

  test('is given to one of many callers who claim it at the same moment', async () => {
    const bindings = await open();
    const claims = Array.from({ length: 20 }, (_, n) => bindings.bind(session('s', `person:${n}`)));
    expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1);
  });

  test('is removed by its owner only', async () => {
    const bindings = await open();
    await bindings.bind(session('s'));
    await bindings.unbind(session('s', 'person:b'));
    expect(await bindings.find('session', 'one', 's')).toBeDefined();
    await bindings.unbind(session('s', 'person:a', { server: 'two' }));
    await bindings.unbind(session('s', 'person:a', { kind: 'task' }));
    expect(await bindings.find('session', 'one', 's')).toBeDefined();
    await bindings.unbind(session('s'));
    expect(await bindings.find('session', 'one', 's')).toBeUndefined();
    expect(await bindings.bind(session('s', 'person:b'))).toBe(true);
  });

  test('is the same in another process within a second of each change', async () => {
    const [one, two] = [await open(), await open()];
    await one.bind(session('s'));
    expect(await two.find('session', 'one', 's')).toBeDefined();
    await one.unbind(session('s'));
    expect(await until(async () => !(await two.find('session', 'one', 's')))).toBe(true);
    await one.bind(session('s', 'person:b'));
    expect(await two.find('session', 'one', 's')).toMatchObject({ owner: 'person:b' });
    expect(await two.bind(session('s', 'person:a'))).toBe(false);
  });

  test('is not lost when the process is killed right after it reported the write', async () => {
    const ids = await linesUntilKilled(`
      const { openStore } = await import(${JSON.stringify(resolve('auth-server/store/store.ts'))});
      const { bindings } = await openStore(${JSON.stringify(join(home.directory, 'killed'))});
      for (let n = 0; ; n++) {
        await bindings.bind({ kind: 'session', server: 'one', id: String(n), owner: 'person:a', target: undefined });
        process.stdout.write(n + '\\n');
      }`);
    const store = await openStore(join(home.directory, 'killed'));
    stores.push(store);
    for (const id of ids) expect(await store.bindings.find('session', 'one', id)).toBeDefined();
  });
});

describe('too many or too old', () => {
  const few: BindingLimits = { idleSeconds: 60, perServer: 3, perOwner: 100 };

  test('an owner with too many loses the least recently used ones, and other owners lose none', async () => {
    const bindings = await open(few);
    await bindings.bind(session('other', 'person:b'));
    await bindings.bind(session('task', 'person:a', { kind: 'task' }));
    await bindings.bind(session('zz-oldest'));
    clock.advance(1);
    for (const id of ['b', 'a', 'c']) expect(await bindings.bind(session(id))).toBe(true);
    const there = async (id: string) => (await bindings.find('session', 'one', id)) !== undefined;
    expect(await Promise.all(['zz-oldest', 'a', 'b', 'c', 'other'].map(there))).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(await bindings.find('task', 'one', 'task')).toBeDefined();
  });

  test('the newest is kept, even if many were recorded in the same second', async () => {
    const bindings = await open(few);
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) {
      expect(await bindings.bind(session(id))).toBe(true);
      expect(await bindings.find('session', 'one', id)).toBeDefined();
    }
    const left = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((id) => bindings.find('session', 'one', id)));
    expect(left.filter(Boolean)).toHaveLength(3);
  });

  test('recording one’s own again removes none of any owner', async () => {
    const bindings = await open(few);
    for (const id of ['a', 'b', 'c', 'a', 'a', 'c']) await bindings.bind(session(id));
    for (const id of ['a', 'b', 'c']) expect(await bindings.find('session', 'one', id)).toBeDefined();
  });

  test('one that was unused for too long is removed, and may then get another owner', async () => {
    const bindings = await open({ ...few, idleSeconds: 20 });
    await bindings.bind(session('idle'));
    await bindings.bind(session('used'));
    for (let n = 0; n < 8; n++) {
      clock.advance(5);
      expect(await bindings.find('session', 'one', 'used')).toBeDefined();
    }
    expect(await bindings.find('session', 'one', 'idle')).toBeUndefined();
    expect(await bindings.bind(session('idle', 'person:b'))).toBe(true);
    expect(await bindings.find('session', 'one', 'idle')).toMatchObject({ owner: 'person:b' });
  });

  test('one that was in use before a restart is in use after it', async () => {
    let bindings = await open({ ...few, idleSeconds: 30 });
    await bindings.bind(session('s'));
    clock.advance(20);
    await bindings.find('session', 'one', 's');
    await close();
    clock.advance(15);
    bindings = await open({ ...few, idleSeconds: 30 });
    expect(await bindings.find('session', 'one', 's')).toBeDefined();
  });
});
