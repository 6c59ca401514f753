import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { openStore } from '../../../auth-server/store/store.ts';
import { sessionRecord } from '../../support/auth-server/auth-fixture.ts';
import { until } from '../../support/listen.ts';
import { emptyDatabase, newDatabase } from '../../support/postgres/databases.ts';
import { openLine } from '../../support/postgres/line.ts';

test('A test run that is killed leaves no PostgreSQL and no folder behind', async () => {
  const program = `
    const { startPostgres } = await import(${JSON.stringify(resolve('bench/postgres.ts'))});
    console.log((await startPostgres()).urlOf('postgres'));
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const folder = new URL(said.trim()).searchParams.get('host') ?? '';
  expect(folder).toMatch(/pg-/);
  expect(await until(() => !existsSync(folder))).toBe(true);
});

test('A database is empty for each test, and a second one is another', async () => {
  const where = await emptyDatabase();
  const store = await openStore(where);
  await store.sessions.add(sessionRecord());
  const other = await openStore(await newDatabase());
  expect(await other.sessions.list()).toEqual([]);
  expect(await emptyDatabase()).toBe(where);
  expect(await store.sessions.list()).toEqual([]);
  for (const opened of [store, other]) await opened.close();
});

test('A cut line refuses connections until it is restored; PostgreSQL serves others meanwhile', async () => {
  const where = await emptyDatabase();
  const line = await openLine(where);
  const [cut, direct] = [await openStore(line.url), await openStore(where)];
  await line.cut();
  await expect(cut.ping()).rejects.toThrow();
  await direct.sessions.add(sessionRecord());
  await line.restore();
  expect(await cut.sessions.list()).toHaveLength(1);
  for (const opened of [cut, direct]) await opened.close();
  await line.close();
});
