import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { dropDay } from '../../../../auth-server/audit/chain/make/drop.ts';
import { signHead } from '../../../../auth-server/audit/chain/make/heads.ts';
import { createSigner } from '../../../../auth-server/audit/chain/make/signer.ts';
import { createStatements, type MadeStatement } from '../../../../auth-server/audit/chain/make/statements.ts';
import { storedEvidence } from '../../../../auth-server/audit/chain/verify/stored.ts';
import { type Verification, verify } from '../../../../auth-server/audit/chain/verify/verify.ts';
import { type AuditDatabase, openAuditDatabase } from '../../../../auth-server/audit/store/database.ts';
import { dayAfter, dayOf, dayRange } from '../../../../auth-server/audit/store/days.ts';
import { type DaySchema, turns } from '../../../../auth-server/audit/store/schema.ts';
import type { Audit } from '../../../../auth-server/audit/thread/audit.ts';
import { createKeyStore } from '../../../../auth-server/store/key.ts';
import { createLog } from '../../../../common/service/log.ts';
import { openAuditHere, placeOf } from '../../../support/auth-server/audit-here.ts';
import { temporaryDirectory } from '../../../support/auth-server/auth-fixture.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';
import { linesUntilKilled } from '../../../support/process.ts';

/** Noon of a day that is not too old to be kept. */
const noon = dayRange(dayAfter(Date.now(), -9)).from + 43_200_000;
const day = dayOf(noon);
const nextDay = dayAfter(noon, 1);
const fileOf = (path: string) => new URL(`../../../../${path}`, import.meta.url).href;
const recordOf = (at: number, subject = 'sub-alice') =>
  JSON.stringify({
    at,
    verdict: 'allow',
    subject,
    resource: 'mcp',
    server: 'currenttime',
    http: 'POST /currenttime/mcp',
  });

describe.each<[string, Places]>(bothDatabases(''))('%s:', (_kind, places) => {
  let where: string;
  let database: AuditDatabase;
  const opened: Audit[] = [];
  const made: MadeStatement[] = [];
  beforeEach(async () => {
    where = await places.empty();
    database = await openAuditDatabase(where);
    made.length = 0;
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    await database.close();
  });
  const open = async () => {
    const audit = await openAuditHere(where);
    opened.push(audit);
    return audit;
  };
  const close = async (audit: Audit) => {
    opened.splice(opened.indexOf(audit), 1);
    await audit.close();
  };
  const written = async (audit: Audit, ...records: string[]) => {
    for (const each of records) audit.add(each);
    await audit.ask('servers', {});
  };
  const statements = () => createStatements(database, 'http://localhost:8080', (one) => made.push(one));
  const check = async (): Promise<Verification> =>
    verify({ ...storedEvidence(database), keys: await createSigner(database).publicKeys() });
  const found = async () => (await check()).faults.map(({ code, from, to }) => ({ code, from, to }));
  /** Changes rows of each day. */
  const tamper = async (change: (db: Kysely<DaySchema>) => Promise<unknown>) => {
    for (const each of database.kind === 'postgres' ? [day] : await database.days()) await change(database.day(each));
  };

  test('before anything is signed, the records of an upgraded gateway are whole and not yet signed', async () => {
    const audit = await open();
    await written(audit, recordOf(noon));
    expect(await check()).toMatchObject({ faults: [], statements: 0, signedAt: undefined, records: 2, unsigned: 2 });
  });

  test('two processes at one database have a chain each, and one of them signs where both stand', async () => {
    const [one, other] = [await open(), await open()];
    await written(one, recordOf(noon), recordOf(noon + 1));
    await written(other, recordOf(noon));
    await Promise.all([signHead(database, statements(), 60), signHead(database, statements(), 60)]);
    expect(made.map(({ statement }) => statement.kind)).toEqual(['head']);
    await written(other, recordOf(Date.now()));
    await signHead(database, statements(), 60);
    expect(made).toHaveLength(1);
    expect(await check()).toMatchObject({ faults: [], statements: 1, records: 6, unsigned: 1 });
    await close(one);
    expect(await check()).toMatchObject({ faults: [], statements: 2, unsigned: 0 });
    expect((await check()).writers.map(({ finished }) => finished).sort()).toEqual([false, true]);
  });

  test.each<[string, (db: Kysely<DaySchema>) => Promise<unknown>, Awaited<ReturnType<typeof found>>]>([
    [
      'removed',
      (db) => sql`delete from decision where number = 3`.execute(db),
      [{ code: 'record_removed', from: 3, to: 3 }],
    ],
    [
      'changed in a column',
      (db) => db.updateTable('decision').set({ person: 'bob' }).where('number', '=', 2).execute(),
      [{ code: 'record_changed', from: 2, to: 2 }],
    ],
    [
      'changed',
      (db) => db.updateTable('decision').set({ record: '{}' }).where('number', '=', 4).execute(),
      [{ code: 'record_changed', from: 4, to: 4 }],
    ],
    [
      'moved',
      (db) => sql`update decision set number = 100 where number = 2`.execute(db),
      [
        { code: 'record_removed', from: 2, to: 2 },
        { code: 'record_removed', from: 7, to: 99 },
      ],
    ],
  ])('a record that was %s is found, over days', async (_what, change, faults) => {
    const audit = await open();
    await written(audit, ...[0, 1, 2, 20, 30].map((hours) => recordOf(noon + hours * 3_600_000)));
    await signHead(database, statements(), 0);
    await tamper(change);
    expect(await found()).toEqual(expect.arrayContaining(faults));
  });

  test('a dropped day leaves a statement; numbers that alternate over midnight too', async () => {
    const midnight = dayRange(nextDay).from;
    const audit = await open();
    await written(audit, ...[-5, -4, 3, -2, 4, 5].map((milliseconds) => recordOf(midnight + milliseconds)));
    await signHead(database, statements(), 0);
    await dropDay(database, statements(), day);
    expect(made.at(-1)?.statement).toMatchObject({
      kind: 'dropped',
      day,
      ranges: [
        { from: 2, to: 3 },
        { from: 5, to: 5 },
      ],
    });
    expect(await check()).toMatchObject({ faults: [], records: 4, dropped: 3, days: 1 });
    await dropDay(database, statements(), day);
    expect(await check()).toMatchObject({ faults: [], statements: 2 });
    await dropDay(database, statements(), nextDay);
    expect(await check()).toMatchObject({ faults: [], records: 1, dropped: 6, days: 2 });
    await tamper((db) => sql`delete from decision`.execute(db));
    expect(await found()).toEqual([{ code: 'writer_missing', from: 1, to: 7 }]);
  });

  test('after a process was killed while it wrote, its chain is whole and unfinished, beside that of another process', async () => {
    const audit = await open();
    const program = `
      import { openAudit } from ${JSON.stringify(fileOf('auth-server/audit/thread/audit.ts'))};
      import { createLog } from ${JSON.stringify(fileOf('common/service/log.ts'))};
      const audit = await openAudit(${JSON.stringify(placeOf(where))}, { log: createLog('auth-server', 'silent') });
      for (;;) {
        for (let i = 0; i < 20; i++) audit.add(${JSON.stringify(recordOf(noon))});
        await audit.ask('servers', {});
        console.log('written');
      }`;
    const home = temporaryDirectory();
    const file = join(home.directory, 'program.mjs');
    writeFileSync(file, program);
    const [lines] = await Promise.all([
      linesUntilKilled(program, [file]),
      written(audit, ...Array(50).fill(recordOf(noon))),
    ]);
    home.remove();
    await signHead(database, statements(), 0);
    const result = await check();
    expect(result).toMatchObject({ faults: [], unsigned: 0, writers: [{ finished: false }, { finished: false }] });
    expect(Math.max(...result.writers.map(({ last }) => last))).toBeGreaterThan(20 * lines.length);
    // What was never confirmed may be lost; what is signed may not.
    await tamper((db) => sql`delete from decision where number > 100`.execute(db));
    expect((await found()).map(({ code, from }) => [code, from])).toEqual([['record_removed', 101]]);
  });

  test('statements go to the log too, and verify takes them from there', async () => {
    const lines: string[] = [];
    const log = createLog('auth-server', 'info', { write: (line: string) => void lines.push(line) });
    const audit = await openAuditHere(where, {}, log);
    await written(audit, recordOf(noon));
    await audit.close();
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: 'info', reason: 'audit_statement', statement: 1, kind: 'head' }),
    );
    const keys = await createSigner(database).publicKeys();
    const kept = async function* () {
      yield* lines;
    };
    const evidence = { ...storedEvidence(database), keys };
    expect(await verify({ ...evidence, kept: kept() })).toMatchObject({ faults: [], kept: 1, unsigned: 0 });
    await database.main.deleteFrom('audit_statement').execute();
    expect(await verify({ ...storedEvidence(database), keys, kept: kept() })).toMatchObject({
      faults: [{ code: 'statement_missing', statement: 1 }],
    });
  });

  test('the key that signs is replaced after thirty days, and what the old one has signed is still good', async () => {
    const audit = await open();
    await written(audit, recordOf(Date.now()));
    await signHead(database, statements(), 0);
    await database.main.updateTable('audit_key').set({ signs_since: 1 }).execute();
    await createSigner(database).rotate();
    const keys = await database.main.selectFrom('audit_key').select(['jwk', 'stopped_at']).orderBy('id').execute();
    expect(keys.map(({ jwk, stopped_at }) => ['d' in JSON.parse(jwk), stopped_at !== null])).toEqual([
      [false, true],
      [true, false],
    ]);
    await signHead(database, statements(), 0);
    await close(audit);
    expect(await check()).toMatchObject({ faults: [], statements: 2, unsigned: 0 });
    const alone = (work: (on: never) => Promise<never>) => database.alone(turns.keys, (on) => work(on as never));
    const store = createKeyStore({ kind: database.kind, db: database.main as never, alone: alone as never }, 'audit');
    await expect(store.update(async () => [])).rejects.toThrow('A key of the audit must not be deleted.');
    expect(await store.list()).toHaveLength(2);
  });
});
