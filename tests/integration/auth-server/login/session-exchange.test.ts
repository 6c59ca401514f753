import { decodeJwt, type JWTPayload } from 'jose';
import { isAdminGroup } from '../../../../auth-server/identity/cookie/local-session.ts';
import { purposeKey } from '../../../../common/identity/purpose-key.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { TokenAnswer } from '../../../../stand-in/pool/tokens.ts';
import {
  type AuthServer,
  CLI,
  denialOf,
  keys,
  now,
  publicUrl,
  type Shape,
  secretKey,
  startAuthServer,
  WEB,
} from '../../../support/auth-server/auth-fixture.ts';
import { signLocalSession } from '../../../support/auth-server/local-session.ts';
import { useClock } from '../../../support/clock.ts';
import { type RunningCognito, startCognito } from '../../../support/stand-in/start.ts';

const clock = useClock();
let cognito: RunningCognito;
let auth: AuthServer;
type Started = { cognito: RunningCognito; auth: AuthServer };
/** What only this test uses. */
let own: Started | undefined;
/** What is shared by tests that change nothing in it. */
const shared = new Map<string, Started>();
const startNew = async (change: Partial<Shape>): Promise<Started> => {
  const pool = await startCognito({ keys });
  return { cognito: pool, auth: await startAuthServer(pool.url, change) };
};
const close = async (started: Started | undefined) => {
  await started?.auth.close();
  await started?.cognito.close();
};
const start = async (change: Partial<Shape> = {}) => {
  own = await startNew(change);
  ({ cognito, auth } = own);
};
/** Like `start`, for tests in which nothing is accepted or changed. They do not count each other's refusals. */
const share = async (change: Partial<Shape> = {}) => {
  const key = JSON.stringify(change);
  const kept = shared.get(key) ?? (await startNew({ refusedExchanges: 1_000, ...change }));
  shared.set(key, kept);
  ({ cognito, auth } = kept);
};
afterEach(async () => {
  await close(own);
  own = undefined;
});
afterAll(async () => {
  for (const started of shared.values()) await close(started);
});

const login = (person = 'carol', client = CLI) => cognito.control.signIn(person, client);
type Tokens = Partial<TokenAnswer> | Record<string, unknown>;
/** The body that the command line sends: tokens only. */
const sent = ({ id_token, access_token, refresh_token }: Tokens) =>
  JSON.stringify({ id_token, access_token, refresh_token });
const post = (body: string, headers: Record<string, string> = {}) =>
  fetch(`${auth.url}/oauth2/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-real-ip': '192.0.2.1', ...headers },
    body,
  });
interface Exchanged {
  cookie_name: string;
  cookie: string;
  expires_at: number;
  username: string;
  groups: string[];
}
const outcome = async (response: Response) => {
  const { error } = (await response.json()) as { error?: { code: string; message: string } };
  return { status: response.status, code: error?.code, message: error?.message };
};
const exchange = async (tokens: Tokens, headers?: Record<string, string>) => outcome(await post(sent(tokens), headers));
/** The tokens of a login, with changed claims, signed by the pool. */
const changed = async (tokens: TokenAnswer, id: JWTPayload, access: JWTPayload): Promise<Tokens> => ({
  ...tokens,
  id_token: await cognito.control.mint('id', { ...decodeJwt(tokens.id_token ?? ''), ...id }),
  access_token: await cognito.control.mint('access', { ...decodeJwt(tokens.access_token), ...access }),
});

describe('A fresh login of the command line', () => {
  test('is exchanged for a session that works like any other, and can be revoked', async () => {
    await start();
    const answer = await post(sent(await login()));
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(answer.headers.getSetCookie()).toEqual([]);
    const session = (await answer.json()) as Exchanged;
    expect(session).toMatchObject({
      cookie_name: 'mcp_gateway_session',
      username: 'carol',
      groups: ['mcp-registry-developer'],
    });
    expect(session.expires_at).toBeGreaterThan(now() + 3500);
    const Cookie = `${session.cookie_name}=${session.cookie}`;
    const used = await auth.validate({ Cookie });
    expect([used.status, used.headers.get('x-username')]).toEqual([200, 'carol']);
    expect(await auth.store.sessions.end({ clientId: CLI })).toBe(1);
    expect(denialOf(await auth.validate({ Cookie }))).toMatchObject({ http: 401, code: 'session_ended' });
  });

  test('gets its group refresh through the app client of the command line', async () => {
    await start({ groupsMaxAgeSeconds: 900 });
    const { cookie_name, cookie } = (await (await post(sent(await login()))).json()) as Exchanged;
    clock.advance(905);
    const Cookie = `${cookie_name}=${cookie}`;
    expect((await auth.validate({ Cookie })).status).toBe(200);
    cognito.control.updatePerson('carol', { groups: [] });
    clock.advance(905);
    expect(denialOf(await auth.validate({ Cookie }))).toMatchObject({ code: 'not_permitted' });
  });

  test('without a refresh token gives a session that ends when the next group refresh is due', async () => {
    await start({ groupsMaxAgeSeconds: 900 });
    const { refresh_token: _, ...tokens } = await login();
    const { cookie_name, cookie } = (await (await post(sent(tokens))).json()) as Exchanged;
    const Cookie = `${cookie_name}=${cookie}`;
    expect((await auth.validate({ Cookie })).status).toBe(200);
    clock.advance(905);
    expect(denialOf(await auth.validate({ Cookie }))).toMatchObject({ http: 401, code: 'session_ended' });
  });

  test('takes the current groups, not those of the ID token', async () => {
    await start();
    const tokens = await login();
    cognito.control.updatePerson('carol', { groups: [] });
    expect(await (await post(sent(tokens))).json()).toMatchObject({ groups: [] });
  });

  test('is logged out at the user pool too when its session is', async () => {
    await start();
    const tokens = await login();
    const { cookie_name, cookie } = (await (await post(sent(tokens))).json()) as Exchanged;
    const headers = { cookie: `${cookie_name}=${cookie}`, origin: publicUrl };
    const left = await fetch(`${auth.url}/oauth2/logout/cognito`, { method: 'POST', headers });
    expect(left.status).toBe(200);
    const form = { grant_type: 'refresh_token', client_id: CLI, refresh_token: tokens.refresh_token ?? '' };
    const again = await fetch(`${cognito.url}/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) });
    expect(again.status).toBe(400);
  });

  test('leaves no token in the log, accepted or rejected', async () => {
    await start();
    const tokens = await login();
    await post(sent(tokens));
    await post(sent(tokens));
    await post(`{"id_token": "${tokens.id_token}", broken`);
    await post(sent({ ...tokens, more: tokens.refresh_token }));
    const log = auth.lines.join('');
    expect(log).toMatch(/login not exchanged/);
    expect(log).not.toMatch(/\beyJ/);
    for (const secret of [tokens.id_token, tokens.access_token, tokens.refresh_token])
      expect(log).not.toContain(secret?.slice(0, 20));
  });
});

describe('No session is given for', () => {
  const other = '9other00000000000000000000';
  test.each<[string, (t: TokenAnswer) => Promise<Tokens>, object]>([
    ['a login with the web client', () => login('carol', WEB), { code: 'login_refused' }],
    [
      'an access token instead of the ID token',
      async (t) => ({ ...t, id_token: t.access_token }),
      { code: 'login_refused' },
    ],
    [
      'an ID token instead of the access token',
      async (t) => ({ ...t, access_token: t.id_token }),
      { code: 'login_refused' },
    ],
    ['an ID token for another client', (t) => changed(t, { aud: other }, {}), { code: 'login_refused' }],
    ['an access token of another client', (t) => changed(t, {}, { client_id: other }), { code: 'login_refused' }],
    [
      'tokens of two people',
      async (t) => ({ ...t, access_token: (await login('bob')).access_token }),
      { code: 'login_refused' },
    ],
    [
      'tokens of two logins',
      async (t) => ({ ...t, access_token: (await login()).access_token }),
      { code: 'login_refused' },
    ],
    [
      'tokens without origin_jti',
      (t) => changed(t, { origin_jti: undefined }, { origin_jti: undefined }),
      { code: 'login_refused' },
    ],
    [
      'tokens without auth_time',
      (t) => changed(t, { auth_time: undefined }, { auth_time: undefined }),
      { code: 'login_refused' },
    ],
    [
      'a login of six minutes ago',
      (t) => changed(t, { auth_time: now() - 360 }, { auth_time: now() - 360 }),
      { message: 'The login is older than 5 minutes. Log in again.' },
    ],
    [
      'a login in five minutes',
      (t) => changed(t, { auth_time: now() + 300 }, { auth_time: now() + 300 }),
      { code: 'login_refused' },
    ],
    ['an expired ID token', (t) => changed(t, { exp: now() - 5 }, {}), { code: 'login_refused' }],
    [
      'an ID token of another pool',
      (t) => changed(t, { iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other' }, {}),
      { code: 'login_refused' },
    ],
    [
      'a tampered ID token',
      async (t) => ({ ...t, id_token: `${t.id_token?.slice(0, -6)}AAAAAA` }),
      { code: 'login_refused' },
    ],
    [
      'the refresh token of another person',
      async (t) => ({ ...t, refresh_token: (await login('bob')).refresh_token }),
      { code: 'login_refused' },
    ],
    [
      'a refresh token that does not exist',
      async (t) => ({ ...t, refresh_token: 'nothing' }),
      { code: 'login_refused' },
    ],
    [
      'a refresh token of the web client',
      async (t) => ({ ...t, refresh_token: (await login('carol', WEB)).refresh_token }),
      { code: 'login_refused' },
    ],
  ])('%s', async (_what, make, expected) => {
    await share();
    expect(await exchange(await make(await login()))).toMatchObject({ status: 401, ...expected });
    expect(await auth.store.sessions.list()).toEqual([]);
  });

  test('(control: a login of four minutes ago gets a session, so that the rejections above are meaningful)', async () => {
    await start();
    const time = { auth_time: now() - 240 };
    expect(await exchange(await changed(await login(), time, time))).toMatchObject({ status: 200 });
  });

  test('a login that was already exchanged, even when both requests arrive at the same time', async () => {
    await start();
    const tokens = await login();
    const answers = await Promise.all([1, 2, 3].map(() => exchange(tokens)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    expect(await exchange(tokens)).toMatchObject({ status: 401, code: 'login_used' });
    expect(await auth.store.sessions.list()).toHaveLength(1);
  });

  test('a login from before a revocation, even if its tokens are valid', async () => {
    await start();
    const tokens = await login();
    await auth.store.revocations.add({ kind: 'user', value: 'carol', at: now() });
    const renewed = await changed(tokens, { iat: now() + 5 }, { iat: now() + 5 });
    expect(await exchange(renewed)).toMatchObject({ status: 401, code: 'access_revoked' });
  });

  test('a blocked person', async () => {
    await start();
    const tokens = await login();
    cognito.control.updatePerson('carol', { status: 'DISABLED' });
    expect(await exchange(tokens)).toMatchObject({ status: 401, code: 'login_refused' });
  });

  test.each([publicUrl, 'https://evil.example', 'null'])('a page at %s', async (origin) => {
    await share();
    expect(await exchange(await login(), { origin })).toMatchObject({ status: 403, code: 'origin_not_allowed' });
  });

  test.each([['same-origin'], ['none'], ['cross-site']])('a browser (%s)', async (site) => {
    await share();
    expect(await exchange(await login(), { 'sec-fetch-site': site })).toMatchObject({ status: 403 });
  });

  test.each<[string, string, Record<string, string>, object]>([
    ['a form', 'id_token=a', { 'content-type': 'application/x-www-form-urlencoded' }, { status: 415 }],
    ['text', '{}', { 'content-type': 'text/plain' }, { status: 415 }],
    ['another charset', '{}', { 'content-type': 'application/json; charset=utf-7' }, { status: 415 }],
    ['broken JSON', '{', {}, { status: 400, code: 'request_unreadable' }],
    ['nothing', '', {}, { status: 400 }],
    ['a list', '[]', {}, { status: 400 }],
    ['one token', '{"id_token":"a"}', {}, { status: 400 }],
    ['more than tokens', '{"id_token":"a","access_token":"b","groups":["mcp-registry-admin"]}', {}, { status: 400 }],
    ['numbers', '{"id_token":1,"access_token":2}', {}, { status: 400 }],
    ['70 kB', JSON.stringify({ id_token: 'x'.repeat(70_000) }), {}, { status: 413, code: 'body_too_large' }],
  ])('%s', async (_what, body, headers, expected) => {
    await share();
    expect(await outcome(await post(body, headers))).toMatchObject(expected);
  });

  test('any login while the user pool cannot be reached and its keys are not cached', async () => {
    await start();
    const tokens = await login();
    cognito.control.failNext('jwks.json');
    expect(await exchange(tokens)).toMatchObject({ status: 503, code: 'unavailable' });
  });
});

describe('Failed exchanges are counted', () => {
  test('by address: 429 with Retry-After, and other clients are not throttled, even if an attacker uses many addresses', async () => {
    await start({ refusedExchanges: 2 });
    const from = (n: number) => ({ 'x-real-ip': `192.0.2.${n}` });
    for (let n = 2; n < 50; n++) {
      for (let tries = 0; tries < 2; tries++) expect((await post('{}', from(n))).status).toBe(400);
      const over = await post('{}', from(n));
      expect(over.status).toBe(429);
      expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(50);
    }
    expect((await post('{}', from(50))).status).toBe(400);
  });

  test('and all addresses in one IPv6 /64 count as one', async () => {
    await start({ refusedExchanges: 1 });
    expect((await post('{}', { 'x-real-ip': '2001:db8:1:2::5' })).status).toBe(400);
    expect((await post('{}', { 'x-real-ip': '2001:db8:1:2:a:b:c:d' })).status).toBe(429);
    expect((await post('{}', { 'x-real-ip': '2001:db8:1:3::5' })).status).toBe(400);
  });

  test('and successful logins are not: many people may share one address', async () => {
    await start({ refusedExchanges: 1 });
    for (let n = 0; n < 5; n++) expect((await post(sent(await login()))).status).toBe(200);
  });
});

describe('A session that was signed locally', () => {
  const claims = { sub: 'x', username: 'eve', groups: ['mcp-registry-user'] };
  const signed = (change: object = {}, key = secretKey) =>
    signLocalSession(key, { ...claims, iat: now(), exp: now() + 3600, ...change });
  const ask = async (value: string) => await auth.validate({ Cookie: `${auth.cookieName}=${value}` });

  test('is rejected unless ALLOW_LOCAL_SESSIONS is on', async () => {
    await start();
    expect(denialOf(await ask(await signed()))).toMatchObject({ http: 401, code: 'session_invalid' });
  });

  test('is accepted when it is on, for a caller that shares nothing with the person of the same name', async () => {
    await start({ allowLocalSessions: true });
    const answer = await ask(await signed());
    expect([answer.status, answer.headers.get('x-user'), answer.headers.get('x-groups')]).toEqual([
      200,
      expect.stringContaining('local'),
      'mcp-registry-user',
    ]);
    expect(answer.headers.get('x-user')).not.toBe('x');
  });

  test.each<[string, () => Promise<string>]>([
    ['of an administrator', () => signed({ groups: ['mcp-registry-user', 'mcp-registry-admin'] })],
    ['for nine hours', () => signed({ exp: now() + 9 * 3600 })],
    ['for nine hours, dated ahead', () => signed({ iat: now() + 3600, exp: now() + 9 * 3600 })],
    ['that has expired', () => signed({ iat: now() - 7200, exp: now() - 10 })],
    ['by another key', () => signed({}, 'x'.repeat(40))],
    ['without a name', () => signed({ username: '' })],
    ['with groups that are not a list', () => signed({ groups: 'mcp-registry-user' })],
  ])('%s is rejected although it is on', async (_what, make) => {
    await share({ allowLocalSessions: true });
    expect(denialOf(await ask(await make()))).toMatchObject({ http: 401, code: 'session_invalid' });
  });

  test('is signed with a key of its own: the keys of sessions and logins do not work', () => {
    const key = (purpose: string) => Buffer.from(purposeKey(secretKey, purpose)).toString('hex');
    expect(new Set(['local session', 'session', 'login', 'refresh token'].map(key)).size).toBe(4);
  });

  test('is revoked together with everything else of its user name', async () => {
    await start({ allowLocalSessions: true });
    const value = await signed();
    await auth.store.revocations.add({ kind: 'user', value: 'eve', at: now() });
    expect(denialOf(await ask(value))).toMatchObject({ http: 401, code: 'access_revoked' });
  });

  test.each([
    ['[{server: "*", methods: ["*"]}]', '', true],
    ['[{server: all, methods: [all]}]', '', true],
    ['[{server: "*", methods: ["tools/list"]}]', '', false],
    ['[{server: one, methods: ["*"]}]', '', false],
    ['[{server: one, methods: ["tools/list"]}]', 'toggle_service: [all]', true],
    ['[{server: one, methods: ["tools/list"]}]', 'modify_service: [one]', false],
    ['[{server: one, methods: ["tools/list"]}]', 'export_audit: [all]', true],
    ['[{server: one, methods: ["tools/list"]}]', 'list_service: [all]', false],
  ])('is of an administrator if the rules %s and the UI-Scopes "%s" make one: %s', (rules, ui, expected) => {
    const policy = parsePolicy(`group_mappings: {g: [s]}\ns: ${rules}\n${ui && `UI-Scopes: {s: {${ui}}}\n`}`);
    expect([isAdminGroup(policy, 'g'), isAdminGroup(policy, 'other')]).toEqual([expected, false]);
  });
});
