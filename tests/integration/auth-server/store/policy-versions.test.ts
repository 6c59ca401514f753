import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { changes, type Schema } from '../../../../auth-server/store/migrations.ts';
import type { NewVersion } from '../../../../auth-server/store/policy/version.ts';
import { openStore, type Store } from '../../../../auth-server/store/store.ts';
import { firstVersion } from '../../../../auth-server/versions/first.ts';
import { watchVersions } from '../../../../auth-server/versions/source.ts';
import { migrate } from '../../../../common/database/migrations.ts';
import { openPostgres } from '../../../../common/database/postgres.ts';
import { openSqlite } from '../../../../common/database/sqlite.ts';
import { policyVersion } from '../../../../common/policy/policy-in-force.ts';
import { temporaryDirectory } from '../../../support/auth-server/auth-fixture.ts';
import { answerSoon } from '../../../support/listen.ts';
import { editablePolicy } from '../../../support/policy/versions-fixture.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';
import { linesUntilKilled, outputOf } from '../../../support/process.ts';
import { recordingLog } from '../../../support/registry/registry-fixture.ts';

const home = temporaryDirectory();
const file = join(home.directory, 'scopes.yml');
writeFileSync(file, editablePolicy());
afterAll(() => home.remove());
const storeModule = JSON.stringify(resolve('auth-server/store/store.ts'));
const by = { sub: 'ada00000', name: 'ada' };
const made = (text: string, parent: number | null): NewVersion => ({
  ...{ version: policyVersion(text), parent, by, why: 'for this test', source: 'page', text },
});
const proposal = (base: number, text: string) => ({
  ...{ base, by, why: 'for this test', source: 'page' as const, text, reasons: ['r'], differences: [], more: 0 },
});

describe.each<[string, Places]>(bothDatabases('data'))('%s:', (_kind, places) => {
  let where: string;
  let store: Store;
  const others: Store[] = [];
  beforeEach(async () => {
    where = await places.empty();
    store = await openStore(where);
  });
  afterEach(async () => {
    for (const opened of [store, ...others.splice(0)]) await opened.close();
  });
  const another = async () => {
    const other = await openStore(where);
    others.push(other);
    return other;
  };
  const program = (text: string) => `
    const { openStore } = await import(${storeModule});
    const store = await openStore(${JSON.stringify(where)});
    const by = ${JSON.stringify(by)};
    const made = (text, parent) => ({ version: text, parent, by, why: 'for this test', source: 'page', text });
    ${text}`;
  /** Adds versions to the newest, and prints the numbers that it won. */
  const winning = (name: string) => `
    for (let n = 0; n < 40; n++) {
      const { number } = await store.policyVersions.newest();
      const added = await store.policyVersions.add(made('${name}' + n, number));
      if (added) console.log(added.number + ' ${name}' + n);
    }
    await store.close();`;

  test('a version is given back as it was, with the time of the database', async () => {
    const text = 'a: ü – “x”\r\n\ttab 🙂\n';
    await store.policyVersions.add(made('first', null));
    const added = await store.policyVersions.add({ ...made(text, 1), confirmedBy: { sub: 'g', name: 'grace' } });
    const found = await store.policyVersions.get(2);
    expect(found).toEqual({ ...added, text });
    expect(found).toMatchObject({ number: 2, parent: 1, by, confirmedBy: { sub: 'g', name: 'grace' } });
    expect(Math.abs(Date.parse(found?.at ?? '') - Date.now())).toBeLessThan(60_000);
    expect(policyVersion(found?.text ?? '')).toBe(found?.version);
    expect(await store.policyVersions.has(policyVersion(text), text)).toBe(true);
    expect(await store.policyVersions.has(policyVersion(text), `${text} `)).toBe(false);
  });

  test('a version follows the newest only, and the first only nothing', async () => {
    expect(await store.policyVersions.add(made('too early', 1))).toBeUndefined();
    expect((await store.policyVersions.add(made('one', null)))?.number).toBe(1);
    expect(await store.policyVersions.add(made('another first', null))).toBeUndefined();
    expect((await store.policyVersions.add(made('two', 1)))?.number).toBe(2);
    expect(await store.policyVersions.add(made('late', 1))).toBeUndefined();
    expect(await store.policyVersions.add(made('of the future', 7))).toBeUndefined();
    expect((await store.policyVersions.list(undefined, 9)).map(({ number }) => number)).toEqual([2, 1]);
  });

  test('of two processes that change the policy at once, one wins each time, and no version is lost or made twice', async () => {
    await store.policyVersions.add(made('first', null));
    const said = await Promise.all([outputOf(program(winning('a'))), outputOf(program(winning('b')))]);
    const wins = said.flatMap((lines) => lines.split('\n').filter(Boolean));
    const kept = await store.policyVersions.list(undefined, 200);
    const numbers = kept.map(({ number }) => number).reverse();
    expect(numbers).toEqual(Array.from({ length: wins.length + 1 }, (_, i) => i + 1));
    expect(kept.map(({ number, version }) => `${number} ${version}`).sort()).toEqual(
      [...wins, `1 ${policyVersion('first')}`].sort(),
    );
    for (const { number, parent } of kept) expect(parent).toBe(number === 1 ? null : number - 1);
  }, 180_000);

  test('a version that was reported survives the death of the process, whole', async () => {
    await store.policyVersions.add(made('first', null));
    const lines = await linesUntilKilled(
      program(`
      for (let n = 1; ; n++) {
        await store.policyVersions.add(made(String(n).repeat(20_000), n));
        process.stdout.write(n + '\\n');
      }`),
    );
    for (const n of lines) expect((await store.policyVersions.get(Number(n) + 1))?.text).toBe(n.repeat(20_000));
    const newest = await store.policyVersions.newest();
    expect((await store.policyVersions.add(made('next', newest?.number ?? 0)))?.number).toBe((newest?.number ?? 0) + 1);
  }, 180_000);

  test('a proposal is confirmed once, by one of two processes, and stays if another change came first', async () => {
    await store.policyVersions.add(made('first', null));
    const { id = 0 } = (await store.policyProposals.add(proposal(1, 'two'))) ?? {};
    const late = (await store.policyProposals.add(proposal(1, 'late'))) ?? { id: 0 };
    const confirming = `
      console.log(JSON.stringify(await store.policyProposals.confirm(${id}, 'v2', { sub: 'g', name: 'grace' })));
      await store.close();`;
    const said = await Promise.all([outputOf(program(confirming)), outputOf(program(confirming))]);
    const settled = said.map((each) => JSON.parse(each));
    expect(settled.filter((each) => each === 'gone')).toHaveLength(1);
    const won = settled.find((each) => each !== 'gone');
    expect(won).toMatchObject({ number: 2, version: 'v2', by, confirmedBy: { sub: 'g', name: 'grace' } });
    expect(await store.policyProposals.confirm(late.id, 'v3', by)).toBe('conflict');
    expect(await store.policyProposals.list()).toEqual([late]);
    expect([await store.policyProposals.withdraw(late.id), await store.policyProposals.withdraw(late.id)]).toEqual([
      true,
      false,
    ]);
  });

  test('the newest thousand versions are kept', async () => {
    const database = where.startsWith('postgres')
      ? openPostgres<Schema>(where, () => undefined)
      : openSqlite<Schema>(`${where}/auth-server.db`);
    const row = { version: 'v', parent: null, at: 1, by_sub: 's', by_name: 'n', why: 'w', source: 'page', text: 't' };
    const rows = [1, 2, 1_000].map((number) => ({ ...row, number, confirmed_sub: null, confirmed_name: null }));
    await database.db.insertInto('policy_version').values(rows).execute();
    await database.close();
    expect((await store.policyVersions.add(made('next', 1_000)))?.number).toBe(1_001);
    expect((await store.policyVersions.list(undefined, 9)).map(({ number }) => number)).toEqual([1_001, 1_000, 2]);
  });

  test('of processes that start at an empty database, one makes the policy file the first version', async () => {
    const starting = `
      const { firstVersion } = await import(${JSON.stringify(resolve('auth-server/versions/first.ts'))});
      const log = { info: () => undefined };
      console.log(JSON.stringify(await firstVersion(store.policyVersions, ${JSON.stringify(file)}, log)));
      await store.close();`;
    const said = await Promise.all([1, 2, 3].map(() => outputOf(program(starting))));
    expect(new Set(said).size).toBe(1);
    const found = said.map((each) => JSON.parse(each));
    expect(found[0]).toMatchObject({ number: 1, parent: null, source: 'file', text: editablePolicy() });
    expect(await store.policyVersions.list(undefined, 9)).toHaveLength(1);
    const { log } = recordingLog();
    // The file is not read again: another one does not matter.
    expect((await firstVersion(store.policyVersions, join(home.directory, 'nothing.yml'), log)).number).toBe(1);
  });

  test('a change in one process is in force in the other, and after a restart', async () => {
    const other = await another();
    const { log } = recordingLog();
    const [one, two] = [
      await watchVersions(store.policyVersions, file, log),
      await watchVersions(other.policyVersions, file, log),
    ];
    const heard: string[] = [];
    two.onChange(() => heard.push(`${two.number()} ${two.version()}`));
    const text = editablePolicy('convert');
    await store.policyVersions.add(made(text, 1));
    await one.refresh();
    expect([one.number(), one.text()]).toEqual([2, text]);
    expect(await answerSoon(() => two.text(), text)).toBe(text);
    expect(heard).toEqual([`2 ${policyVersion(text)}`]);
    for (const each of [one, two]) each.stop();
    const again = await watchVersions(other.policyVersions, file, log);
    expect(again.text()).toBe(text);
    again.stop();
  });
});

describe.each<[string, Places]>(bothDatabases('data'))('%s of an older release:', (_kind, places) => {
  test('its upgrade keeps what is there, and the policy file is the first version', async () => {
    const where = await places.fresh();
    const old = where.startsWith('postgres')
      ? openPostgres<Schema>(where, () => undefined)
      : openSqlite<Schema>(`${where}/auth-server.db`);
    await migrate(old, changes, 'kysely', '014-addresses-of-sessions');
    await old.db.insertInto('secret').values({ name: 'refresh-tokens', value: 'c2VjcmV0' }).execute();
    await old.close();
    const store = await openStore(where);
    expect(await store.policyVersions.newest()).toBeUndefined();
    expect((await firstVersion(store.policyVersions, file, recordingLog().log)).number).toBe(1);
    expect(String(await store.secrets.get('refresh-tokens'))).toBe('secret');
    await store.close();
  });
});
