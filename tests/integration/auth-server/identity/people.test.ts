import type { SessionRecord } from '../../../../auth-server/store/session-record.ts';
import {
  type AuthServer,
  denialOf,
  keys,
  now,
  publicUrl,
  startAuthServer,
  WEB,
} from '../../../support/auth-server/auth-fixture.ts';
import { type ProviderProxy, startProviderProxy } from '../../../support/auth-server/provider-proxy.ts';
import { useClock } from '../../../support/clock.ts';
import { until } from '../../../support/listen.ts';
import { emptyDatabase } from '../../../support/postgres/databases.ts';
import { type RunningCognito, startCognito } from '../../../support/stand-in/start.ts';

const limit = 900;
const day = 86_400;
const carol = { sub: 'ca401000-0000-4000-8000-000000000003', username: 'carol', groups: ['mcp-registry-developer'] };
const clock = useClock();
let cognito: RunningCognito;
let provider: ProviderProxy;
let auth: AuthServer;
beforeEach(async () => {
  cognito = await startCognito({ keys });
  provider = await startProviderProxy(cognito.url);
  auth = await startAuthServer(provider.url, { groupsMaxAgeSeconds: limit, idleSeconds: 100 * day });
});
afterEach(async () => {
  await auth.close();
  await provider.close();
  await cognito.close();
});

/** The Cookie header of a session of carol, whose groups were confirmed this many seconds ago. */
async function session(sid: string, secondsAgo: number, change: Partial<SessionRecord> = {}): Promise<string> {
  const { refresh_token = '' } = await cognito.control.signIn('carol', WEB);
  const refreshToken = await auth.vault.lock(refresh_token);
  const record = { ...carol, sid, refreshedAt: now() - secondsAgo, refreshToken, expiresAt: now() + 40 * day };
  return await auth.session({ ...record, exp: now() + 40 * day, ...change });
}
const refusedToken = async () => ({ refreshToken: await auth.vault.lock('unknown to the pool') });
const codeOf = async (Cookie: string) => {
  const answer = await auth.validate({ Cookie });
  return answer.status === 200 ? 200 : denialOf(answer).code;
};
const read = (sid: string) => auth.store.sessions.read(sid);
const isConfirmed = (sid: string) => async () => ((await read(sid))?.refreshedAt ?? 0) > now() - 60;

test('The provider is asked once for all sessions of a person', async () => {
  const cookies = await Promise.all(['a', 'b', 'c'].map((sid) => session(sid, limit + 5)));
  expect(await Promise.all(cookies.map(codeOf))).toEqual([200, 200, 200]);
  for (const cookie of cookies) expect(await codeOf(cookie)).toBe(200);
  expect(provider.tokenRequests).toBe(1);
});

test('Two auth-servers over PostgreSQL ask the provider once in an interval for all sessions and clients of a person', async () => {
  const where = await emptyDatabase();
  const shape = { where, groupsMaxAgeSeconds: limit, idleSeconds: 100 * day };
  const all = [await startAuthServer(provider.url, shape), await startAuthServer(provider.url, shape)];
  try {
    const [first] = all as [AuthServer];
    const { refresh_token = '' } = await cognito.control.signIn('carol', WEB);
    const kept = { ...carol, refreshToken: await first.vault.lock(refresh_token), expiresAt: now() + 40 * day };
    const cookies = await Promise.all(
      ['a', 'b', 'c'].map((sid) =>
        first.session({ ...kept, sid, refreshedAt: now() - limit - 5, exp: now() + 40 * day }),
      ),
    );
    for (const interval of [1, 2, 3]) {
      const answers = all.flatMap((auth) => [...cookies, ...cookies].map((Cookie) => auth.validate({ Cookie })));
      expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([200]));
      expect(provider.tokenRequests).toBe(interval);
      clock.advance(limit + 5);
    }
  } finally {
    for (const auth of all) await auth.close();
  }
});

test('A group that is taken away is taken from all sessions of the person, also from those that did not ask', async () => {
  const [one] = [await session('one', limit + 5), await session('two', 10)];
  cognito.control.updatePerson('carol', { groups: [] });
  expect(await codeOf(one)).toBe('not_permitted');
  expect(await read('two')).toMatchObject({ groups: [] });
});

test('A refused refresh token ends its own session; another session of the person goes on with its own', async () => {
  const bad = await session('bad', limit + 5, await refusedToken());
  const good = await session('good', limit + 5);
  provider.delayMilliseconds = 100;
  const answers = await Promise.all([codeOf(bad), codeOf(good), codeOf(bad)]);
  expect(answers).toEqual(['session_ended', 200, 'session_ended']);
  expect(await read('bad')).toBeUndefined();
  expect(await isConfirmed('good')()).toBe(true);
});

test("A person who may not sign in any more loses each session at its next use, by that session's own token", async () => {
  const cookies = [await session('one', limit + 5), await session('two', limit + 5)];
  cognito.control.updatePerson('carol', { status: 'DISABLED' });
  expect(await Promise.all(cookies.map(codeOf))).toEqual(['session_ended', 'session_ended']);
  expect([await read('one'), await read('two')]).toEqual([undefined, undefined]);
});

test('Each session tries its own refresh token once a day, although the groups are fresh', async () => {
  const tried = { triedAt: now() - day - 5 };
  const [good, bad] = [
    await session('good', 10, tried),
    await session('bad', 10, { ...tried, ...(await refusedToken()) }),
  ];
  await session('tried', 10);
  expect([await codeOf(good), await codeOf(bad)]).toEqual([200, 200]);
  // At a later request, if the other session is asking at this moment.
  expect(await until(async () => (await codeOf(bad)) === 'session_ended')).toBe(true);
  expect(await until(async () => ((await read('good'))?.triedAt ?? 0) > now() - 60)).toBe(true);
  expect(provider.tokenRequests).toBe(2);
  expect(await codeOf(good)).toBe(200);
});

test('A session without a refresh token ends with its groups, although another session of the person is confirmed', async () => {
  const bare = await session('bare', limit - 5, { refreshToken: undefined });
  const other = await session('other', limit + 5);
  expect([await codeOf(other), await codeOf(bare)]).toEqual([200, 200]);
  clock.advance(10);
  expect([await codeOf(other), await codeOf(bare)]).toEqual([200, 'session_ended']);
});

test('The names of a person are those that the provider gives now', async () => {
  const cookie = await session('s', limit + 5, { username: 'earlier' });
  const answer = await auth.validate({ Cookie: cookie });
  expect(answer.headers.get('x-username')).toBe('carol');
});

describe('The access of a client', () => {
  const idle = 14 * day;
  /** The Authorization header of a client with carol's grant. */
  const client = async (change: Partial<SessionRecord> = {}) => {
    const resource = `${publicUrl}/currenttime/mcp`;
    const grant = { kind: 'client', oauthClient: 'digest', resource, idleSeconds: idle } as const;
    await session('grant', 10, { ...grant, ...change });
    return () => auth.accessTokens.mint({ sub: carol.sub, sid: 'grant', client: 'digest', resource });
  };
  const bearer = async (token: string) => {
    const answer = await auth.validate({ Authorization: `Bearer ${token}` });
    return answer.status === 200 ? 200 : denialOf(answer).code;
  };

  test('ends after its own idle time, not that of browsers, and the message names the days', async () => {
    const mint = await client({ lastSeen: now() - idle + 60 });
    expect(await bearer(await mint())).toBe(200);
    clock.advance(idle + 5);
    const answer = await auth.validate({ Authorization: `Bearer ${await mint()}` });
    expect(denialOf(answer)).toMatchObject({ code: 'session_idle' });
    expect(denialOf(answer).body.error.message).toBe('This session was not used for 14 days. Log in again.');
    expect(await bearer(await mint())).toBe('session_ended');
  });

  test('never idles without an idle time', async () => {
    const mint = await client({ idleSeconds: undefined, lastSeen: now() - 30 * day });
    expect(await bearer(await mint())).toBe(200);
  });

  test('notes its last use once an hour, so that other processes keep what they know', async () => {
    const seen = now() - 3_000;
    const mint = await client({ lastSeen: seen });
    expect(await bearer(await mint())).toBe(200);
    expect(await auth.store.sessions.find('grant')).toMatchObject({ lastSeen: seen });
    clock.advance(700);
    expect(await bearer(await mint())).toBe(200);
    expect((await auth.store.sessions.find('grant'))?.lastSeen).toBeGreaterThan(seen + 3_000);
  });

  test('is asked for again by the groups of the person, like a session of a browser', async () => {
    const mint = await client();
    cognito.control.updatePerson('carol', { groups: [] });
    expect(await bearer(await mint())).toBe(200);
    clock.advance(limit + 5);
    expect(await bearer(await mint())).toBe('not_permitted');
  });
});
