import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changes, type Schema } from '../../../../auth-server/store/migrations.ts';
import { openStore } from '../../../../auth-server/store/store.ts';
import type { Database } from '../../../../common/database/database.ts';
import { migrate } from '../../../../common/database/migrations.ts';
import { openPostgres } from '../../../../common/database/postgres.ts';
import { openSqlite } from '../../../../common/database/sqlite.ts';
import { copyDatabases } from '../../../../operations/backup/databases.ts';
import { run } from '../../../../operations/backup/restore/main.ts';
import {
  type AuthServer,
  alice,
  keys,
  now,
  publicUrl,
  sessionRecord,
  startAuthServer,
} from '../../../support/auth-server/auth-fixture.ts';
import { newOAuthClient, type Tokens } from '../../../support/auth-server/oauth-client.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { useClock } from '../../../support/clock.ts';
import { runCommand } from '../../../support/operations/run-command.ts';
import { bothDatabases, type Places } from '../../../support/postgres/both-databases.ts';
import { startCognito } from '../../../support/stand-in/start.ts';

/** The last change of the last release. */
const released = '006-bindings-by-server';
const clock = useClock();
const cognito = await startCognito({ keys });
afterAll(() => cognito.close());

const isAllowed = (auth: AuthServer, { access_token }: Tokens) => opens(auth, access_token);
const opens = async (auth: AuthServer, token: string) =>
  (await auth.validate({ Authorization: `Bearer ${token}` })).status === 200;
/** A personal token of alice, as the page makes it. */
async function personalToken({ personalTokens, store }: AuthServer): Promise<string> {
  const { token, sid } = personalTokens.make();
  const resource = `${publicUrl}/currenttime/mcp`;
  await store.sessions.add(sessionRecord({ sid, kind: 'personal', resource, expiresAt: now() + 600 }));
  return token;
}
const errorOf = async (answer: Response) => [answer.status, ((await answer.json()) as { error: string }).error];
const over = [400, 'invalid_grant'];

/** Starts an auth-server at a place, does something with it, and stops it. */
async function at<T>(where: string, work: (auth: AuthServer) => Promise<T>): Promise<T> {
  const auth = await startAuthServer(cognito.url, { where });
  try {
    return await work(auth);
  } finally {
    await auth.close();
  }
}

describe('Of a data folder', () => {
  let home: string;
  let data: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'oauth-state-'));
    data = mkdtempSync(join(home, 'data-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  test('a restored backup ends what clients had, before it and since; with the same client id they log in again', async () => {
    const copy = join(home, 'copy');
    const { client, before, code } = await at(data, async (auth) => {
      const registered = await newOAuthClient(auth);
      return { client: registered.id, before: await registered.tokens(), code: await registered.code() };
    });
    await copyDatabases(data, copy);
    const since = await at(data, async (auth) => {
      const answer = await (await newOAuthClient(auth)).refresh(before.refresh_token, { client_id: client });
      return (await answer.json()) as Tokens;
    });
    expect((await runCommand(run, [copy], { env: { UP_DATA_DIR: data } })).code).toBe(0);
    clock.advance(2);
    await at(data, async (auth) => {
      const again = await newOAuthClient(auth);
      expect([await isAllowed(auth, before), await isAllowed(auth, since)]).toEqual([false, false]);
      for (const { refresh_token } of [before, since])
        expect(await errorOf(await again.refresh(refresh_token, { client_id: client }))).toEqual(over);
      expect(await errorOf(await again.exchange(code, { client_id: client }))).toEqual(over);
      const newCode = await again.code(undefined, 'alice', { client_id: client });
      const tokens = (await (await again.exchange(newCode, { client_id: client })).json()) as Tokens;
      expect(await isAllowed(auth, tokens)).toBe(true);
    });
  });

  test('a restored backup ends personal tokens, before it and since, and new ones can be made', async () => {
    const copy = join(home, 'copy');
    const before = await at(data, personalToken);
    await copyDatabases(data, copy);
    const since = await at(data, personalToken);
    expect(await at(data, async (auth) => [await opens(auth, before), await opens(auth, since)])).toEqual([true, true]);
    expect((await runCommand(run, [copy], { env: { UP_DATA_DIR: data } })).code).toBe(0);
    clock.advance(2);
    await at(data, async (auth) => {
      expect([await opens(auth, before), await opens(auth, since)]).toEqual([false, false]);
      expect(await opens(auth, await personalToken(auth))).toBe(true);
    });
  });

  test('without oauth.db clients log in again, and keep their client id', async () => {
    const { client, tokens } = await at(data, async (auth) => {
      const registered = await newOAuthClient(auth);
      return { client: registered.id, tokens: await registered.tokens() };
    });
    for (const rest of ['', '-wal', '-shm']) rmSync(join(data, `oauth.db${rest}`), { force: true });
    await at(data, async (auth) => {
      const again = await newOAuthClient(auth);
      expect(await isAllowed(auth, tokens)).toBe(true);
      expect(await errorOf(await again.refresh(tokens.refresh_token, { client_id: client }))).toEqual(over);
      const code = await again.code(undefined, 'alice', { client_id: client });
      expect((await again.exchange(code, { client_id: client })).status).toBe(200);
    });
  });

  test('without the keys of access tokens each client refreshes once, and goes on', async () => {
    const { client, tokens } = await at(data, async (auth) => {
      const registered = await newOAuthClient(auth);
      return { client: registered.id, tokens: await registered.tokens() };
    });
    const store = await openStore(data);
    await store.accessTokenKeys.update(async () => []);
    await store.close();
    await at(data, async (auth) => {
      expect(await isAllowed(auth, tokens)).toBe(false);
      const answer = await (await newOAuthClient(auth)).refresh(tokens.refresh_token, { client_id: client });
      const next = (await answer.json()) as Tokens;
      expect(await isAllowed(auth, next)).toBe(true);
    });
  });
});

describe.each<[string, Places]>(bothDatabases('data'))('%s:', (_kind, places) => {
  let where: string;
  let old: Database<Schema>;
  beforeEach(async () => {
    where = await places.fresh();
    old = where.startsWith('postgres')
      ? openPostgres<Schema>(where, () => undefined)
      : openSqlite<Schema>(`${where}/auth-server.db`);
    await migrate(old, changes, 'kysely', released);
  });
  afterEach(() => old.close());

  /** A browser's session of alice, as the last release writes it. */
  const session = (sid: string) => {
    const at = now();
    const row = {
      ...{ sid, sub: alice.sub, username: alice.username, groups: '["mcp-registry-admin"]', provider: 'cognito' },
      ...{ client_id: 'web', created_at: at - 50, expires_at: at + 600, refreshed_at: at - 40, last_seen: at - 30 },
      ...{ refresh_token: 'locked', leased_until: 0 },
    };
    return old.db
      .insertInto('session')
      .values(row as never)
      .execute();
  };

  test('a client logs in at once on the data of the last release, whose sessions and keys stay', async () => {
    await session('browser');
    await old.db
      .insertInto('assertion_key')
      .values({ kid: 'k', jwk: '{}', created_at: 1, signs_since: now(), stopped_at: now() } as never)
      .execute();
    await at(where, async (auth) => {
      const client = await newOAuthClient(auth);
      expect(await isAllowed(auth, await client.tokens())).toBe(true);
      expect(await auth.store.sessions.read('browser')).toMatchObject({ kind: 'browser', username: alice.username });
      expect(await auth.store.keys.list()).toEqual(expect.arrayContaining([expect.objectContaining({ kid: 'k' })]));
    });
  });

  test('on the data of the last release a key of registrations is made once: processes side by side share it, and it stays', async () => {
    const one = await startAuthServer(cognito.url, { where });
    const { id } = await newOAuthClient(one);
    const known = async (auth: AuthServer) => {
      const address = (await newOAuthClient(auth)).address({ client_id: id });
      const answer = await newVisitor(auth.url).get(address);
      return answer.headers.get('location')?.startsWith('/oauth2/consent/');
    };
    expect([await known(one), await at(where, known)]).toEqual([true, true]);
    await one.close();
    expect(await at(where, known)).toBe(true);
  });

  test('what a process of the last release ends beside this one ends for clients too', async () => {
    await at(where, async (auth) => {
      const client = await newOAuthClient(auth);
      const tokens = await client.tokens();
      await session('late');
      expect(await isAllowed(auth, tokens)).toBe(true);
      await old.db.deleteFrom('session').where('sub', '=', alice.sub).execute();
      expect(await errorOf(await client.refresh(tokens.refresh_token))).toEqual(over);
    });
  });
});
