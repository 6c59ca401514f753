import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenVault } from '../../../../auth-server/cognito/token-vault.ts';
import { createHoldAnswers } from '../../../../auth-server/holds/answers.ts';
import type { HeldCall } from '../../../../auth-server/holds/held-call.ts';
import { type HoldDatabase, Holds } from '../../../../auth-server/holds/holds.ts';
import { changes } from '../../../../auth-server/oauth/store/migrations.ts';
import { type OAuthStore, openOAuthStore } from '../../../../auth-server/oauth/store/store.ts';
import { migrate } from '../../../../common/database/migrations.ts';
import { openPostgres } from '../../../../common/database/postgres.ts';
import { openSqlite } from '../../../../common/database/sqlite.ts';
import { copyDatabases, restoreDatabases } from '../../../../operations/backup/databases.ts';
import { bothDatabases } from '../../../support/postgres/both-databases.ts';

/** The last change of the last release. */
const released = '003-account-attempts';
const vault = createTokenVault(['a-key-of-a-test-that-is-long-enough-for-it']);
const approvers = { person: true, groups: [] };
const call: HeldCall = {
  ...{ owner: 'person:alice', username: 'alice', shownName: undefined, client: undefined, server: 'github' },
  ...{ tool: 'create_issue', definition: undefined, text: '{"name":"create_issue"}', round: undefined },
};

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holds-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Does something with held calls in a folder. The approver is always signed in. */
async function at<T>(where: string, work: (holds: Holds, store: OAuthStore) => Promise<T>): Promise<T> {
  const store = await openOAuthStore(where);
  try {
    const database = store as unknown as HoldDatabase;
    return await work(new Holds({ database, vault, standing: async () => [] }), store);
  } finally {
    await store.close();
  }
}
const rowsAt = (where: string) => at(where, (_, store) => store.db.selectFrom('hold').selectAll().execute());
const approveAt = (where: string) =>
  at(where, async (holds, store) => {
    const outcome = await holds.pass(call, approvers);
    const answered = { subject: 'alice', name: 'alice', sid: 's', group: null, isFresh: true };
    const answers = createHoldAnswers(store as unknown as HoldDatabase, vault);
    expect('id' in outcome && (await answers.approve(outcome, answered))).toBe(true);
  });

test('A backup holds no held call and no approval, and the gateway keeps them', async () => {
  const [data, copy] = [join(home, 'data'), join(home, 'copy')];
  await approveAt(data);
  expect(await copyDatabases(data, copy)).toContain('oauth.db');
  expect(await rowsAt(copy)).toEqual([]);
  expect(await at(data, (holds) => holds.pass(call, approvers))).toMatchObject({ is: 'passed' });
});

test('An approval that was used since a copy of the files was made is not good again after its restore', async () => {
  const [data, copy] = [join(home, 'data'), join(home, 'copy')];
  await approveAt(data);
  cpSync(data, copy, { recursive: true });
  expect(await at(data, (holds) => holds.pass(call, approvers))).toMatchObject({ is: 'passed' });
  restoreDatabases(copy, data);
  expect(await at(data, (holds) => holds.pass(call, approvers))).toMatchObject({ is: 'waiting' });
});

test('A backup of the last release, which knows no held calls, is made and restored', async () => {
  const [data, copy] = [join(home, 'data'), join(home, 'copy')];
  const before = openSqlite(join(data, 'oauth.db'));
  await migrate(before, changes, 'oauth', released);
  await before.close();
  await copyDatabases(data, copy);
  restoreDatabases(copy, data);
  expect(await rowsAt(data)).toEqual([]);
});

test.each(bothDatabases(''))(
  'An upgrade from the last release adds held calls and keeps the rest, over %s',
  async (kind, places) => {
    const where = await places.fresh();
    const before =
      kind === 'SQLite' ? openSqlite<object>(join(where, 'oauth.db')) : openPostgres<object>(where, () => {});
    await migrate(before, changes, 'oauth', released);
    const document = { url: 'https://client.example/', registration: '{}', read_at: 1, until: 2 };
    await (before as unknown as OAuthStore).db.insertInto('oauth_document').values(document).execute();
    await before.close();
    await approveAt(where);
    await at(where, async (holds, store) => {
      expect(await store.db.selectFrom('oauth_document').selectAll().execute()).toEqual([document]);
      expect(await holds.pass(call, approvers)).toMatchObject({ is: 'passed' });
    });
  },
);
