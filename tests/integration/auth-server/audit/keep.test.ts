import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { createImport } from '../../../../auth-server/audit/keep/import.ts';
import { createRetention } from '../../../../auth-server/audit/keep/retention.ts';
import { type AuditDatabase, openAuditDatabase } from '../../../../auth-server/audit/store/database.ts';
import { dayAfter, dayOf } from '../../../../auth-server/audit/store/days.ts';
import { createNames } from '../../../../auth-server/audit/store/names.ts';
import { nodeSqlite } from '../../../../common/database/sqlite.ts';
import { decisionsQuery } from '../../../../common/doors/decisions.ts';
import { openAuditHere } from '../../../support/auth-server/audit-here.ts';
import { toolCallRecord, writerOf } from '../../../support/auth-server/audit-records.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

const dayMilliseconds = 86_400_000;

describe.each<[string, Places]>(bothDatabases(''))('%s:', (_kind, places) => {
  let where: string;
  let database: AuditDatabase;
  beforeEach(async () => {
    where = await places.empty();
    database = await openAuditDatabase(where);
    for (const day of await database.days()) await database.drop(day);
  });
  afterEach(() => database.close());

  const retention = (limits: { days: number; maxBytes: number }) => {
    const told: [string, string][] = [];
    let bytes = 0;
    const work = createRetention({
      database,
      names: createNames(database),
      limits,
      drop: (day) => database.drop(day),
      dropped: (day, why) => told.push([day, why]),
      tooLarge: (found) => {
        bytes = found;
      },
    });
    return { work, told, tooLarge: () => bytes };
  };

  test('a day is made while a question reads: neither waits for the other', async () => {
    await database.make('2026-11-01');
    const day = database.day('2026-11-01');
    await day.transaction().execute(async (reader) => {
      await reader.selectFrom('decision_seen').selectAll().execute();
      // A second day, made by another connection, waits for no lock of this one.
      await database.make('2026-11-02');
      expect(await reader.selectFrom('decision').selectAll().execute()).toEqual([]);
    });
    await database.make('2026-11-02');
    expect(await database.days()).toEqual(['2026-11-01', '2026-11-02']);
  });

  test('Days that are older than AUDIT_DAYS are dropped, and the others stay', async () => {
    const writer = writerOf(database);
    const now = Date.now();
    for (const age of [32, 31, 30, 1, 0]) await writer.write(toolCallRecord(now - age * dayMilliseconds));
    const { work, told } = retention({ days: 30, maxBytes: 2 ** 40 });
    await work();
    expect(told).toEqual([-32, -31].map((days) => [dayAfter(now, days), 'age']));
    expect(await database.days()).toEqual([-30, -1, 0].map((days) => dayAfter(now, days)));
  });

  test('While all days take more than AUDIT_MAX_MB the oldest are dropped, and today stays, which is reported', async () => {
    const writer = writerOf(database);
    const now = Date.now();
    for (const age of [3, 2, 1, 0]) await writer.write(toolCallRecord(now - age * dayMilliseconds));
    const size = await database.size(dayOf(now));
    expect(size).toBeGreaterThan(1_000);
    const some = retention({ days: 30, maxBytes: 2 * size + (await database.size(dayAfter(now, -1))) / 2 });
    await some.work();
    expect(await database.days()).toEqual([-1, 0].map((days) => dayAfter(now, days)));
    expect(some.tooLarge()).toBe(0);
    const none = retention({ days: 30, maxBytes: 1 });
    await none.work();
    expect(await database.days()).toEqual([dayOf(now)]);
    expect(none.tooLarge()).toBe(size);
  });

  /** The table of releases before 0.3.0, in which an old process still writes. */
  const older = async () => {
    const db = (
      database.kind === 'postgres'
        ? database.main
        : new Kysely({ dialect: nodeSqlite(join(where, 'decisions.db')).dialect })
    ) as Kysely<unknown>;
    const id = database.kind === 'sqlite' ? 'integer primary key' : 'serial primary key';
    await sql`drop table if exists decision_batch`.execute(db);
    await sql`create table decision_batch (id ${sql.raw(id)}, count integer not null, decisions text not null)`.execute(
      db,
    );
    return {
      async write(...objects: string[]) {
        const decisions = objects.map((object, i) => {
          const { at, ...line } = toolCallRecord(Date.now() - dayMilliseconds + i, { object });
          return { at, said: { line, message: 'm' }, groups: ['g'], scopes: ['s'] };
        });
        const text = JSON.stringify(decisions);
        await sql`insert into decision_batch (count, decisions) values (${objects.length}, ${text})`.execute(db);
      },
      async remove() {
        await sql`drop table decision_batch`.execute(db);
        if (database.kind === 'sqlite') await db.destroy();
      },
      count: async () => (await sql`select 1 from decision_batch`.execute(db)).rows.length,
    };
  };

  test('What older releases have recorded is taken over once by several processes, also what an old one writes meanwhile', async () => {
    const before = await older();
    await before.write('a', 'b');
    await before.write('c');
    const [one, other] = [openAuditDatabase(where), openAuditDatabase(where)];
    const both = [await one, await other];
    const imports = both.map((each) => createImport(each, where));
    // SQLite waits for a lock on its thread, and here both are on one.
    if (database.kind === 'postgres') await Promise.all(imports.map((run) => run()));
    await before.write('d');
    for (const run of imports) await run();
    const audit = await openAuditHere(where);
    const query = decisionsQuery.parse({ tool: 'tools/call' });
    const { decisions } = await audit.ask('page', { query, visible: { servers: 'all' } });
    expect(decisions.map(({ object }) => object).sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(decisions[0]).toMatchObject({ message: 'm', groups: ['g'], scopes: ['s'], username: 'alice' });
    expect(await before.count()).toBe(3);
    await audit.close();
    for (const each of both) await each.close();
    await before.remove();
  });

  test('A batch that was claimed by a process that died is written by the next one, under the same numbers', async () => {
    const before = await older();
    await before.write('a', 'b');
    await before.write('c');
    const claims = [1, 2].map((batch) => ({ batch, first: 2 * batch - 1, count: 3 - batch, written: 0 }));
    await database.main.insertInto('audit_import').values(claims).execute();
    const run = createImport(database, where);
    await run();
    // As after a crash between the records and the note that they are written.
    await database.main.updateTable('audit_import').set({ written: 0 }).execute();
    await run();
    const days = database.kind === 'sqlite' ? await database.days() : ['all'];
    const rows = [];
    for (const day of days)
      rows.push(...(await database.day(day).selectFrom('decision').select(['number', 'object']).execute()));
    expect(rows.map(({ number, object }) => `${number}${object}`).sort()).toEqual(['1a', '2b', '3c']);
    await before.remove();
  });
});
