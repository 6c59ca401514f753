import { mkdirSync } from 'node:fs';
import { countSeen } from '../../../../auth-server/audit/read/people.ts';
import { changes } from '../../../../auth-server/audit/store/changes.ts';
import { type AuditDatabase, openAuditDatabase } from '../../../../auth-server/audit/store/database.ts';
import { createNames } from '../../../../auth-server/audit/store/names.ts';
import { newIdentity } from '../../../../auth-server/audit/write/identity.ts';
import { createWriter } from '../../../../auth-server/audit/write/writer.ts';
import { migrate } from '../../../../common/database/migrations.ts';
import { databaseIn } from '../../../../common/database/open.ts';
import { openPostgres } from '../../../../common/database/postgres.ts';
import { openSqlite } from '../../../../common/database/sqlite.ts';
import { toolCallRecord } from '../../../support/auth-server/audit-records.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';

/** The last change before names had groups. */
const released = '004-signed-statements';
const day = 86_400_000;

describe.each<[string, Places]>(bothDatabases(''))('%s:', (_kind, places) => {
  let database: AuditDatabase;
  beforeEach(async () => {
    const where = await places.fresh();
    if (!where.startsWith('postgres')) mkdirSync(where, { recursive: true });
    const path = databaseIn(where, 'audit.db');
    const old = path.startsWith('postgres') ? openPostgres<never>(path, () => undefined) : openSqlite<never>(path);
    await migrate(old, changes, 'audit', released);
    await old.close();
    database = await openAuditDatabase(where);
    // As the last release writes it, also while it runs beside this one.
    const name = { kind: 'person', value: 'sub-old', label: 'olga', seen_at: Date.now() } as const;
    await database.main
      .insertInto('audit_name')
      .values(name as never)
      .execute();
  });
  afterEach(() => database.close());

  /** A process of the auth-server. */
  const start = () => {
    const writer = createWriter(database, newIdentity(), createNames(database));
    let from = 1;
    return async (username: string, groups: string[]) => {
      const digest = `${from} ${username} ${groups}`;
      const record = toolCallRecord(Date.now(), { subject: `sub-${username}`, username, caller: digest });
      const callers = [{ digest, text: JSON.stringify({ salt: digest, groups, scopes: [] }) }];
      await writer.write({ from: from++, texts: JSON.stringify(record), callers });
    };
  };
  const seen = async (since = Date.now() - 30 * day) =>
    Object.fromEntries(await countSeen(database, { groups: ['support', 'staff'], since }));

  test('people count in their last groups, whichever process has seen them, and those of the last release once they come again', async () => {
    const [one, other] = [start(), start()];
    await one('carol', ['support']);
    await other('carol', ['support']);
    await one('dave', ['support', 'staff', 'else']);
    expect(await seen()).toEqual({ support: 2, staff: 1 });
    await other('dave', ['staff']);
    expect(await seen()).toEqual({ support: 1, staff: 1 });
    await one('old', ['support']);
    expect(await seen()).toEqual({ support: 2, staff: 1 });
  });

  test('people who came last before the time do not count, nor do those who are erased', async () => {
    const add = start();
    for (const name of ['carol', 'dave', 'erin']) await add(name, ['support']);
    const person = (value: string) => database.main.updateTable('audit_name').where('value', '=', value);
    await person('sub-carol')
      .set({ seen_at: Date.now() - 31 * day })
      .execute();
    await database.main.deleteFrom('audit_caller').where('digest', 'like', '%erin%').execute();
    expect(await seen()).toEqual({ support: 1 });
    expect(await seen(0)).toEqual({ support: 2 });
  });
});
