import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { openStore, type Store } from '../../auth-server/store/store.ts';
import { alice, now, sessionRecord, temporaryDirectory } from './auth-fixture.ts';

const run = promisify(execFile);
let home: ReturnType<typeof temporaryDirectory>;
let store: Store;
beforeEach(async () => {
  home = temporaryDirectory();
  store = await openStore(join(home.directory, 'data'));
});
afterEach(async () => {
  await store.close();
  home.remove();
});
const record = sessionRecord;
const reopen = async () => {
  await store.close();
  store = await openStore(join(home.directory, 'data'));
};

describe('the store of sessions', () => {
  test('gives back what was added, before and after a restart', async () => {
    const added = record({ groups: ['a,b', 'größe', '"'] });
    await store.sessions.add(added);
    expect(await store.sessions.find('s')).toEqual(added);
    await reopen();
    expect(await store.sessions.find('s')).toEqual(added);
  });

  test('knows nothing of a session that nobody added, however it is spelt', async () => {
    await store.sessions.add(record());
    for (const sid of ['', 'S', 's ', "' or 1=1 --", '%']) expect(await store.sessions.find(sid)).toBeUndefined();
  });

  test('keeps an ended session ended, at once and after a restart', async () => {
    await store.sessions.add(record());
    expect(await store.sessions.find('s')).toBeDefined();
    await store.sessions.end({ sid: 's' });
    expect(await store.sessions.find('s')).toBeUndefined();
    await reopen();
    expect(await store.sessions.find('s')).toBeUndefined();
  });

  test('ends one session and leaves the others of the same person', async () => {
    await store.sessions.add(record());
    await store.sessions.add(record({ sid: 't' }));
    await store.sessions.end({ sid: 's' });
    await store.sessions.end({ sid: 'no such session' });
    expect(await store.sessions.find('t')).toBeDefined();
  });

  test('does not take the same session id twice', async () => {
    await store.sessions.add(record());
    await expect(store.sessions.add(record({ sub: 'mallory' }))).rejects.toThrow(/UNIQUE/);
    expect(await store.sessions.find('s')).toMatchObject({ sub: alice.sub });
  });

  test('forgets sessions that have expired when a new one is added', async () => {
    await store.sessions.add(record({ sid: 'old', expiresAt: now() - 10 }));
    await store.sessions.add(record());
    await reopen();
    expect(await store.sessions.find('old')).toBeUndefined();
    expect(await store.sessions.find('s')).toBeDefined();
  });

  test('sees within a second that another process has ended a session', async () => {
    await store.sessions.add(record());
    const other = await openStore(join(home.directory, 'data'));
    try {
      expect(await other.sessions.find('s')).toBeDefined();
      await store.sessions.end({ sid: 's' });
      const ended = Date.now();
      while ((await other.sessions.find('s')) && Date.now() - ended < 3000) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(Date.now() - ended).toBeLessThan(1000);
      expect(await other.sessions.find('s')).toBeUndefined();
    } finally {
      await other.close();
    }
  });

  test('can be opened by several processes at once on the first start', async () => {
    const fresh = join(home.directory, 'fresh');
    const program = `
      const { openStore } = await import(${JSON.stringify(resolve('auth-server/store/store.ts'))});
      const store = await openStore(${JSON.stringify(fresh)});
      await store.sessions.add({ ...${JSON.stringify(record())}, sid: String(process.pid) });
      await store.close();
      console.log(process.pid);`;
    const runs = [1, 2, 3].map(() => run(process.execPath, ['--input-type=module', '-e', program]));
    const sids = (await Promise.all(runs)).map(({ stdout }) => stdout.trim());
    const opened = await openStore(fresh);
    for (const sid of sids) expect(await opened.sessions.find(sid)).toMatchObject({ username: 'alice' });
    await opened.close();
    expect(new Set(sids).size).toBe(3);
  });
});

describe('the file of the store', () => {
  test('and its directory are for this user only', async () => {
    await store.sessions.add(record());
    const mode = (path: string) => statSync(join(home.directory, 'data', path)).mode & 0o777;
    expect(mode('')).toBe(0o700);
    expect(mode('auth-server.db')).toBe(0o600);
    expect(mode('auth-server.db-wal')).toBe(0o600);
  });
});
