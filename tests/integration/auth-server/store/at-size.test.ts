import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RawBuilder, sql } from 'kysely';
import { changes, type Schema } from '../../../../auth-server/store/migrations.ts';
import { writeUses } from '../../../../auth-server/store/write-uses.ts';
import type { Database } from '../../../../common/database/database.ts';
import { openDatabase } from '../../../../common/database/open.ts';

let folder: string;
let database: Database<Schema>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'at-size-'));
  database = await openDatabase<Schema>(join(folder, 'auth-server.db'), changes, 'kysely', () => undefined);
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true });
});

/** How SQLite would run a statement: what it searches by an index, and what it scans from the first row to the last. */
async function planOf(statement: RawBuilder<unknown>): Promise<string[]> {
  const { rows } = await sql<{ detail: string }>`explain query plan ${statement}`.execute(database.db);
  return rows.map(({ detail }) => detail);
}

test.each([
  ['session', 'expires_at', 'session_expires'],
  ['used', 'until', 'used_until'],
  ['binding', 'used_at', 'binding_used'],
])('what ends in %s is found without a look at the rows that go on', async (table, column, index) => {
  const plan = await planOf(sql`delete from ${sql.ref(table)} where ${sql.ref(column)} < 7`);
  expect(plan).toEqual([expect.stringMatching(`^SEARCH ${table} USING .*INDEX ${index} `)]);
});

test.each([
  ['session', 'session.sid', 'last_seen'],
  ['binding', 'binding.key', 'used_at'],
  ['account', 'account.key', 'used_at'],
])('times of use in %s are written without a look at the rows that were not used', async (table, key, column) => {
  const plans: string[][] = [];
  const uses = Array.from({ length: 600 }, (_, i) => [`key-${i}`, i] as const);
  await writeUses(uses, key, async (rest) => {
    const update = sql`update ${sql.ref(table)} set ${sql.ref(column)} = used.column2 ${rest}`;
    plans.push(await planOf(update));
  });
  expect(plans.length).toBe(3);
  for (const plan of plans) {
    expect(plan).toContainEqual(expect.stringMatching(`^SEARCH ${table} USING .*INDEX`));
    expect(plan).not.toContainEqual(expect.stringMatching(`^SCAN ${table}`));
  }
});
