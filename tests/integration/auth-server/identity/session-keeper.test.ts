import { setTimeout as sleep } from 'node:timers/promises';
import { createTokenVault } from '../../../../auth-server/cognito/token-vault.ts';
import type { SessionRecord } from '../../../../auth-server/store/session-record.ts';
import {
  type AuthServer,
  denialOf,
  keys,
  now,
  oldSecretKey,
  type Shape,
  secretKey,
  seed,
  startAuthServer,
  temporaryDirectory,
  WEB,
} from '../../../support/auth-server/auth-fixture.ts';
import { type ProviderProxy, startProviderProxy } from '../../../support/auth-server/provider-proxy.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { useClock } from '../../../support/clock.ts';
import { until } from '../../../support/listen.ts';
import { emptyDatabase } from '../../../support/postgres/databases.ts';
import { type RunningCognito, startCognito } from '../../../support/stand-in/start.ts';

const limit = 900;
const pastHalf = limit / 2 + 5;
const pastLimit = limit + 5;
const carol = { sub: 'ca401000-0000-4000-8000-000000000003', username: 'carol', groups: ['mcp-registry-developer'] };
const rotating = {
  ...seed,
  clients: seed.clients.map((client) => ({ ...client, refresh_token_rotation: client.id === WEB })),
};

const clock = useClock();
let cognito: RunningCognito;
let provider: ProviderProxy;
let home: ReturnType<typeof temporaryDirectory>;
let servers: AuthServer[];
beforeEach(() => {
  servers = [];
  home = temporaryDirectory();
});
afterEach(async () => {
  for (const server of servers) await server.close();
  await provider.close();
  await cognito.close();
  home.remove();
});

/** An auth-server with a user pool. A second one shares its store. */
async function start(change: Partial<Shape> = {}, pool = seed): Promise<AuthServer> {
  if (servers.length === 0) {
    cognito = await startCognito({ keys, seed: pool });
    provider = await startProviderProxy(cognito.url);
  }
  const server = await startAuthServer(provider.url, { groupsMaxAgeSeconds: limit, where: home.directory, ...change });
  servers.push(server);
  return server;
}

/** The Cookie header of carol, whose groups the pool confirmed this many seconds ago. */
async function loggedIn(auth: AuthServer, secondsAgo: number, change: Partial<SessionRecord> = {}): Promise<string> {
  const { refresh_token = '' } = await cognito.control.signIn('carol', WEB);
  const refreshToken = await auth.vault.lock(refresh_token);
  return await auth.session({ ...carol, sid: 's', refreshedAt: now() - secondsAgo, refreshToken, ...change });
}

const call = async (auth: AuthServer, Cookie: string) => {
  const began = performance.now();
  const answer = await auth.validate({ Cookie });
  const { status: http, headers } = answer;
  const milliseconds = performance.now() - began;
  if (http === 200) return { status: 200, groups: headers.get('x-groups'), milliseconds };
  const { status, code } = denialOf(answer);
  return { status, code, retryAfter: headers.get('retry-after'), milliseconds };
};

/** Repeats the call until the answer contains this, and returns that answer. */
async function callUntil(auth: AuthServer, Cookie: string, expected: object) {
  const end = Date.now() + 20_000;
  for (;;) {
    const answer = await call(auth, Cookie);
    const [[name = '', value] = []] = Object.entries(expected);
    if (Object.entries(answer).some(([n, v]) => n === name && v === value) || Date.now() > end) return answer;
    await sleep(20);
  }
}

/** Waits until this process knows that the pool has confirmed the groups of the session `s` since then. */
async function confirmed(auth: AuthServer, since: number): Promise<void> {
  const found = await until(async () => ((await auth.store.sessions.find('s'))?.refreshedAt ?? 0) > since, 10_000);
  expect(found).toBe(true);
}

describe("a group refresh checks a person's groups during the session", () => {
  test('so a person who is removed from a group loses the permissions of the group without a new login', async () => {
    const auth = await start();
    const cookie = await loggedIn(auth, pastHalf);
    cognito.control.updatePerson('carol', { groups: [] });
    expect(await call(auth, cookie)).toMatchObject({ status: 200, groups: 'mcp-registry-developer' });
    expect(await callUntil(auth, cookie, { status: 403 })).toMatchObject({ status: 403, code: 'not_permitted' });
    expect(await auth.store.sessions.read('s')).toMatchObject({ groups: [] });
  });

  test('so the first request after a long pause is decided by the current groups', async () => {
    const auth = await start();
    const cookie = await loggedIn(auth, pastLimit);
    cognito.control.updatePerson('carol', { groups: [] });
    expect(await call(auth, cookie)).toMatchObject({ status: 403, code: 'not_permitted' });
  });

  test('and a group that is added later counts without a new login', async () => {
    const auth = await start();
    const cookie = await loggedIn(auth, pastLimit);
    cognito.control.updatePerson('carol', { groups: ['mcp-registry-admin', 'mcp-registry-developer'] });
    const groups = 'mcp-registry-admin,mcp-registry-developer';
    expect(await call(auth, cookie)).toMatchObject({ status: 200, groups });
  });

  test('and does not ask the provider while the last refresh is recent', async () => {
    const auth = await start();
    const cookie = await loggedIn(auth, limit / 2 - 5);
    for (let calls = 0; calls < 5; calls++) expect((await call(auth, cookie)).status).toBe(200);
    await sleep(100);
    expect(provider.tokenRequests).toBe(0);
  });

  test.each<[string, () => void]>([
    ['blocked', () => cognito.control.updatePerson('carol', { status: 'DISABLED' })],
    ['signed out everywhere', () => cognito.control.globalSignOut('carol')],
  ])('so a person who was %s loses the session permanently', async (_how, act) => {
    const auth = await start();
    const cookie = await loggedIn(auth, pastHalf);
    act();
    const out = await callUntil(auth, cookie, { status: 401 });
    expect(out).toMatchObject({ status: 401, code: 'session_ended' });
    cognito.control.updatePerson('carol', { status: 'CONFIRMED' });
    expect(await call(auth, cookie)).toMatchObject({ status: 401, code: 'session_ended' });
    expect(await auth.store.sessions.read('s')).toBeUndefined();
  });

  test('and ends a session without a refresh token when the last refresh is too old, without asking the provider', async () => {
    const auth = await start();
    const young = await loggedIn(auth, pastHalf, { sid: 'young', refreshToken: undefined });
    const old = await loggedIn(auth, pastLimit, { sid: 'old', refreshToken: undefined });
    expect(await call(auth, young)).toMatchObject({ status: 200 });
    expect(await call(auth, old)).toMatchObject({ status: 401, code: 'session_ended' });
    expect(provider.tokenRequests).toBe(0);
  });

  test.each<[string, () => Promise<object>]>([
    ['returns a token of another person', () => cognito.control.signIn('bob', WEB)],
    ['returns no ID token', async () => ({ access_token: 'a', token_type: 'Bearer', expires_in: 60 })],
  ])('and ends the session when the provider %s', async (_what, answer) => {
    const auth = await start();
    const cookie = await loggedIn(auth, pastLimit);
    cognito.control.failNext('/oauth2/token', 200, await answer());
    expect(await call(auth, cookie)).toMatchObject({ status: 401, code: 'session_ended' });
    expect(await auth.store.sessions.read('s')).toBeUndefined();
  });

  test('and ignores an answer that the provider did not sign', async () => {
    const auth = await start();
    const cookie = await loggedIn(auth, pastLimit);
    const { id_token = '', ...tokens } = await cognito.control.signIn('carol', WEB);
    const forged = `${id_token.slice(0, -6)}AAAAAA`;
    cognito.control.failNext('/oauth2/token', 200, { ...tokens, id_token: forged });
    expect(await call(auth, cookie)).toMatchObject({ status: 503, code: 'groups_unconfirmed' });
  });

  test('and ends a session of a provider that is no longer configured', async () => {
    const auth = await start();
    const cookie = await loggedIn(auth, pastLimit, { provider: 'gone' });
    expect(await call(auth, cookie)).toMatchObject({ status: 401, code: 'session_ended' });
  });
});

describe('a provider that cannot be reached', () => {
  test('has no effect on users before the limit, and is not asked for every request', async () => {
    const auth = await start();
    const cookie = await loggedIn(auth, pastHalf);
    provider.down = true;
    for (let calls = 0; calls < 20; calls++) {
      expect(await call(auth, cookie)).toMatchObject({ status: 200 });
      await sleep(10);
    }
    const told = auth.lines.filter((line) => line.includes('groups could not be refreshed'));
    expect(told).toHaveLength(1);
    expect(told.join()).not.toMatch(/\beyJ/);
  });

  test('causes a 503 with Retry-After after the limit, without delay for the next requests, and a 200 when it is back', async () => {
    const auth = await start();
    const cookie = await loggedIn(auth, pastLimit);
    provider.down = true;
    const first = await call(auth, cookie);
    expect(first).toMatchObject({ status: 503, code: 'groups_unconfirmed', retryAfter: '1' });
    const again = await call(auth, cookie);
    expect(again).toMatchObject({ status: 503, code: 'groups_unconfirmed' });
    expect(again.milliseconds).toBeLessThan(1_000);
    provider.down = false;
    clock.advance(3);
    const back = await callUntil(auth, cookie, { status: 200 });
    expect(back).toMatchObject({ status: 200, groups: 'mcp-registry-developer' });
  });

  test('in time causes a 503 before the gate times out, and its late answer is still used', async () => {
    const auth = await start({ waitMilliseconds: undefined });
    await call(auth, await loggedIn(auth, pastLimit, { sid: 'discovers' }));
    const cookie = await loggedIn(auth, pastLimit);
    const before = provider.tokenRequests;
    provider.delayMilliseconds = 1_800;
    const first = await call(auth, cookie);
    expect(first).toMatchObject({ status: 503, code: 'groups_unconfirmed' });
    expect(first.milliseconds).toBeLessThan(1_750);
    expect(await callUntil(auth, cookie, { status: 200 })).toMatchObject({ status: 200 });
    expect(provider.tokenRequests - before).toBe(1);
  });

  test('that is only slow delays no request when half of the refresh time is over', async () => {
    const auth = await start();
    const cookie = await loggedIn(auth, pastHalf);
    provider.delayMilliseconds = 6_000;
    const times: number[] = [];
    for (let calls = 0; calls < 30; calls++) {
      const { status, milliseconds } = await call(auth, cookie);
      expect(status).toBe(200);
      times.push(milliseconds);
    }
    expect(times.sort((a, b) => a - b).at(-2)).toBeLessThan(5_000);
  });
});

describe('the provider is asked once', () => {
  test('for many requests of one session at the same time', async () => {
    const auth = await start();
    const cookie = await loggedIn(auth, pastLimit);
    provider.delayMilliseconds = 200;
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(auth, cookie)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(provider.tokenRequests).toBe(1);
  });

  test.each([pastHalf, pastLimit])(
    'for requests to two processes on one store, %d s after the last time',
    async (secondsAgo) => {
      const [one, two] = [await start({}, rotating), await start({}, rotating)];
      const cookie = await loggedIn(one, secondsAgo);
      provider.delayMilliseconds = 100;
      const answers = await Promise.all([one, two, one, two].map((auth) => call(auth, cookie)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      for (const auth of [one, two]) await confirmed(auth, now() - 60);
      for (const auth of [one, two]) expect((await call(auth, cookie)).status).toBe(200);
      expect(provider.tokenRequests).toBe(1);
    },
  );

  test('even if a second process still has the old record, with a used refresh token, in memory', async () => {
    const [one, two] = [await start({}, rotating), await start({}, rotating)];
    const cookie = await loggedIn(one, limit / 2 - 30);
    for (const auth of [one, two]) expect((await call(auth, cookie)).status).toBe(200);
    clock.advance(31);
    for (let calls = 0; calls < 3; calls++) {
      for (const auth of [one, two]) expect((await call(auth, cookie)).status).toBe(200);
    }
    for (const auth of [one, two]) await confirmed(auth, now() - 60);
    for (const auth of [one, two]) expect((await call(auth, cookie)).status).toBe(200);
    expect(provider.tokenRequests).toBe(1);
  });

  test('with the new refresh token the next time, if the provider rotates it', async () => {
    const auth = await start({}, rotating);
    const cookie = await loggedIn(auth, pastLimit);
    const kept = new Set([(await auth.store.sessions.read('s'))?.refreshToken]);
    for (let round = 1; round <= 3; round++) {
      expect((await call(auth, cookie)).status).toBe(200);
      kept.add((await auth.store.sessions.read('s'))?.refreshToken);
      clock.advance(pastLimit);
    }
    expect(kept.size).toBeGreaterThanOrEqual(4);
    expect(cognito.control.counts.get('POST /oauth2/token')).toBe(kept.size - 1);
  });
});

describe('a change of SECRET_KEY', () => {
  test('to NEW,OLD keeps the session, and stored tokens are encrypted with the new key from then on', async () => {
    const before = await start({ secretKeys: [oldSecretKey] });
    const cookie = await loggedIn(before, pastLimit);
    const after = await start({ secretKeys: [secretKey, oldSecretKey] });
    expect(await call(after, cookie)).toMatchObject({ status: 200 });
    const { refreshToken = '' } = (await after.store.sessions.read('s')) ?? {};
    expect(await createTokenVault([secretKey]).unlock(refreshToken)).not.toBe('');
    await expect(createTokenVault([oldSecretKey]).unlock(refreshToken)).rejects.toThrow();
  });

  test('to NEW only ends the session, because its refresh token cannot be decrypted', async () => {
    const auth = await start({ secretKeys: [secretKey] });
    const { refresh_token = '' } = await cognito.control.signIn('carol', WEB);
    const refreshToken = await createTokenVault([oldSecretKey]).lock(refresh_token);
    const cookie = await loggedIn(auth, pastLimit, { refreshToken });
    expect(await call(auth, cookie)).toMatchObject({ status: 401, code: 'session_ended' });
    expect(provider.tokenRequests).toBe(0);
  });
});

describe('a session that is not used', () => {
  const hour = 3600;
  test('ends permanently after the idle limit, and the message gives the limit', async () => {
    const auth = await start({ idleSeconds: hour });
    const cookie = await auth.session({ sid: 's', lastSeen: now() - hour - 2 });
    const answer = await auth.validate({ Cookie: cookie });
    expect(denialOf(answer)).toMatchObject({ http: 401, code: 'session_idle' });
    expect(denialOf(answer).body.error.message).toBe('This session was not used for 60 minutes. Log in again.');
    expect(await call(auth, cookie)).toMatchObject({ code: 'session_ended' });
  });

  test('continues when it is used just before the limit, and then has the whole time again', async () => {
    const auth = await start({ idleSeconds: hour });
    const cookie = await auth.session({ sid: 's', lastSeen: now() - hour + 5 });
    expect((await call(auth, cookie)).status).toBe(200);
    expect((await auth.store.sessions.find('s'))?.lastSeen).toBeGreaterThan(now() - 5);
  });
});

describe('more groups than fit into a cookie', () => {
  const groups = Array.from({ length: 60 }, (_, n) => `${String(n).padStart(3, '0')}${'g'.repeat(125)}`);
  const mappings = groups.map((group) => `  ${group}: [all]`).join('\n');
  const rule = '[{server: "*", methods: ["*"], tools: ["*"]}]';
  const policyText = `group_mappings:\n${mappings}\nall: ${rule}\n`;
  const crowded = {
    ...seed,
    groups: [...seed.groups, ...groups],
    users: seed.users.map((user) => (user.username === 'carol' ? { ...user, groups } : user)),
  };

  test('stay in the session record, so that browsers accept the cookie', async () => {
    const auth = await start({ policyText }, crowded);
    const person = newVisitor(auth.url);
    expect((await person.logIn('carol')).status).toBe(302);
    expect(person.jar.get('mcp_gateway_session')?.length).toBeLessThan(4000);
    const answer = await auth.validate({ Cookie: person.cookies() });
    expect([answer.status, answer.headers.get('x-username'), answer.headers.get('x-groups')]).toEqual([
      200,
      'carol',
      null,
    ]);
    expect(answer.headers.get('x-scopes')).toBe('all');
  });

  test('are removed like any others', async () => {
    const auth = await start({ policyText }, crowded);
    const person = newVisitor(auth.url);
    await person.logIn('carol');
    cognito.control.updatePerson('carol', { groups: [] });
    clock.advance(pastLimit);
    expect(await call(auth, person.cookies())).toMatchObject({ status: 403, code: 'not_permitted' });
  });

  test('(or a name that does not fit) lead to an error page, and to no session', async () => {
    const username = 'x'.repeat(1100);
    const long = {
      ...seed,
      users: [...seed.users.slice(0, 1), { ...seed.users[1], username } as (typeof seed.users)[0]],
    };
    const auth = await start({}, long);
    const person = newVisitor(auth.url);
    const answer = await person.logIn(username);
    expect([answer.status, await answer.text()]).toEqual([
      502,
      expect.stringContaining('longer than a session can hold'),
    ]);
    expect(await auth.store.sessions.list()).toEqual([]);
  });
});

describe('On PostgreSQL, where a process does not hear of every change of another process,', () => {
  test('a refresh token that another process has used is not sent again', async () => {
    const where = await emptyDatabase();
    const [one, two] = [await start({ where }, rotating), await start({ where }, rotating)];
    const cookie = await loggedIn(one, limit / 2 - 30);
    for (const auth of [one, two]) expect((await call(auth, cookie)).status).toBe(200);
    clock.advance(31);
    expect((await call(one, cookie)).status).toBe(200);
    await confirmed(one, now() - 60);
    const released = jest.spyOn(two.store.people, 'release');
    expect((await call(two, cookie)).status).toBe(200);
    expect(await until(() => released.mock.calls.length > 0)).toBe(true);
    await Promise.all(released.mock.results.map(({ value }) => value));
    expect((await call(two, cookie)).status).toBe(200);
    expect(provider.tokenRequests).toBe(1);
  });

  test('two processes that refresh at the same time get the same answer', async () => {
    const where = await emptyDatabase();
    const [one, two] = [await start({ where }, rotating), await start({ where }, rotating)];
    const cookie = await loggedIn(one, pastLimit);
    provider.delayMilliseconds = 200;
    const answers = await Promise.all([one, two, one, two].map((auth) => call(auth, cookie)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(provider.tokenRequests).toBe(1);
  });

  test('a session that was used in another process is not idle', async () => {
    const where = await emptyDatabase();
    const [one, two] = [await start({ where, idleSeconds: 60 }), await start({ where, idleSeconds: 60 })];
    const cookie = await one.session({ sid: 's', lastSeen: now() - 40 });
    const inMemory = await one.store.sessions.find('s');
    expect((await call(two, cookie)).status).toBe(200);
    await two.close();
    servers.pop();
    clock.advance(21);
    expect(inMemory?.lastSeen).toBeLessThan(now() - 60);
    expect((await call(one, cookie)).status).toBe(200);
  });
});
