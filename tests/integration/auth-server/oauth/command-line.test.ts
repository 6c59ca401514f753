import { digest } from '../../../../auth-server/oauth/store/tokens.ts';
import { checkLetters, commandLine } from '../../../../common/identity/command-line.ts';
import { CLI, denialOf, now, publicUrl, startAuthServer } from '../../../support/auth-server/auth-fixture.ts';
import { commandLineLogin, type KeptSession } from '../../../support/auth-server/command-line-login.ts';
import { verifier } from '../../../support/auth-server/oauth-client.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';
import { useClock } from '../../../support/clock.ts';
import { locationOf } from '../../../support/stand-in/hosted-login.ts';

const clock = useClock();
const { cognito, auth } = await authServerWithPool({ refusedExchanges: 1_000 });
const login = await commandLineLogin(auth);
const visitor = () => newVisitor(auth.url);
const parameters = (answer: Response) => Object.fromEntries(locationOf(answer).searchParams);
const outcome = async (answer: Response) => {
  const { error } = (await answer.json()) as { error?: { code: string } };
  return [answer.status, error?.code ?? 'good'];
};
const refused = [401, 'login_refused'];
/** What becomes of a session's cookie at a server. */
const atServer = async (session: KeptSession, server = 'currenttime') => {
  const headers = { 'X-Mcp-Server': server, 'X-Original-URI': `/${server}/mcp`, Cookie: login.cookieOf(session) };
  const answer = await auth.validate(headers);
  return answer.status === 200 ? 'good' : denialOf(answer).code;
};
const recordOf = async ({ cookie }: KeptSession) => auth.store.sessions.read((await auth.seal.open(cookie)).sid);
const sids = async () => (await auth.store.sessions.list()).map(({ sid }) => sid);

describe('the code of the command line', () => {
  test('gives a session that opens every server, and no token of any kind', async () => {
    const answer = await login.redeem(await login.code('carol'));
    expect([answer.status, answer.headers.get('cache-control'), answer.headers.getSetCookie()]).toEqual([
      200,
      'no-store',
      [],
    ]);
    const session = (await answer.json()) as KeptSession;
    expect(session).toEqual({
      cookie_name: 'mcp_gateway_session',
      cookie: expect.stringMatching(/^eyJ[\w.-]+$/),
      expires_at: expect.any(Number),
      username: 'carol',
      groups: ['mcp-registry-developer'],
    });
    expect(Math.abs(session.expires_at - now() - 3600)).toBeLessThan(120);
    expect([await atServer(session), await atServer(session, 'fininfo')]).toEqual(['good', 'good']);
    expect(await recordOf(session)).toMatchObject({
      ...{ username: 'carol', provider: 'cognito', kind: 'browser', oauthClient: 'mcp-gateway', resource: undefined },
      ...{ expiresAt: session.expires_at, refreshToken: expect.any(String) },
    });
    const kept = JSON.stringify([await auth.store.sessions.list(), auth.lines]);
    expect(kept).not.toContain(session.cookie);
  });

  test.each<[string, Record<string, string | undefined>]>([
    ['another verifier', { code_verifier: 'w'.repeat(43) }],
    ['another redirect address', { redirect_uri: 'http://127.0.0.1:4712/callback' }],
    ['the verifier as a challenge', { code_verifier: digest(verifier) }],
  ])('with %s gives nothing, and the right one still works', async (_what, change) => {
    const code = await login.code();
    expect(await outcome(await login.redeem(code, change))).toEqual(refused);
    expect(await outcome(await login.redeem(code))).toEqual([200, 'good']);
  });

  test.each<[string, Record<string, string | undefined>]>([
    ['no verifier', { code_verifier: undefined }],
    ['no redirect address', { redirect_uri: undefined }],
    ['a token beside it', { access_token: 'eyJ' }],
  ])('with %s is not read', async (_what, change) => {
    expect(await outcome(await login.redeem('c'.repeat(43), change))).toEqual([400, 'request_unreadable']);
  });

  test('gives nothing to a page, which browsers name', async () => {
    const code = await login.code();
    for (const headers of [{ origin: publicUrl }, { origin: 'null' }, { 'sec-fetch-site': 'same-origin' }])
      expect(await outcome(await login.redeem(code, {}, headers as Record<string, string>))).toEqual([
        403,
        'origin_not_allowed',
      ]);
  });

  test('that comes twice was stolen: the session ends', async () => {
    const code = await login.code();
    const session = (await (await login.redeem(code)).json()) as KeptSession;
    expect(await outcome(await login.redeem(code))).toEqual(refused);
    expect(await atServer(session)).toBe('session_ended');
    expect(auth.lines.join('')).toContain('code_replayed');
  });

  test('gives nothing after a minute, and the sign-in that no one fetched ends', async () => {
    const before = await sids();
    const code = await login.code();
    const [opened = ''] = (await sids()).filter((sid) => !before.includes(sid));
    expect(await auth.store.sessions.read(opened)).toBeDefined();
    clock.advance(61);
    expect(await outcome(await login.redeem(code))).toEqual(refused);
    await auth.authorization.prune();
    expect(await auth.store.sessions.read(opened)).toBeUndefined();
  });

  test('gives no tokens at the token endpoint, under whatever name', async () => {
    const code = await login.code();
    const change = { client_id: commandLine.id, redirect_uri: login.redirectUri };
    for (const named of [
      change,
      { ...change, client_id: login.client.id },
      { ...change, resource: `${publicUrl}/mcp` },
    ]) {
      const answer = await login.client.exchange(code, named);
      expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_grant' })]);
    }
    expect(await outcome(await login.redeem(code))).toEqual([200, 'good']);
  });
});

test('The codes and tokens of other clients, and every token of a person, open no session', async () => {
  const { client } = login;
  const tokens = await client.tokens();
  const pool = await cognito.control.signIn('alice', CLI);
  const code = await client.code(undefined, 'alice', { redirect_uri: client.redirectUri });
  const shown = [code, tokens.access_token, tokens.refresh_token, pool.access_token, pool.id_token ?? ''];
  for (const one of shown)
    for (const redirect_uri of [login.redirectUri, client.redirectUri])
      expect(await outcome(await login.redeem(one, { redirect_uri }))).toEqual(refused);
  expect((await client.exchange(code)).status).toBe(200);
});

describe('at the authorize address, the command line', () => {
  test.each([
    'https://evil.example/callback',
    'http://localhost:4711/callback',
    'http://127.0.0.1:4711/other',
    'http://127.0.0.1:4711/callback?x=1',
    'http://127.0.0.2:4711/callback',
    'http://127.0.0.1.evil.example/callback',
    'http://evil.example@127.0.0.1:4711/callback',
    'cursor://callback',
  ])('gets no answer at %s', async (redirect_uri) => {
    const answer = await visitor().get(login.address({ redirect_uri }));
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    expect(await answer.text()).toContain('The client cannot be connected');
  });

  test.each<[string, Record<string, string | undefined>, string]>([
    ['a server', { resource: `${publicUrl}/currenttime/mcp` }, 'invalid_target'],
    ['all servers', { resource: `${publicUrl}/mcp` }, 'invalid_target'],
    ['the API', { resource: `${publicUrl}/api` }, 'invalid_target'],
    ['no resource', { resource: undefined }, 'invalid_target'],
    ['another spelling of its own', { resource: `${publicUrl}/oauth2/../oauth2/session` }, 'invalid_target'],
    ['a session without PKCE', { code_challenge: undefined }, 'invalid_request'],
    ['a session with a plain verifier', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a session without a person', { prompt: 'none' }, 'login_required'],
  ])('is refused %s', async (_what, change, error) => {
    const answer = await visitor().get(login.address(change));
    expect(locationOf(answer).href).toMatch(/^http:\/\/127\.0\.0\.1:4711\/callback\?/);
    expect(parameters(answer)).toMatchObject({ error, state: 'the state', iss: publicUrl });
  });

  test('may have its answer at any port of 127.0.0.1 and of [::1]', async () => {
    for (const redirect_uri of ['http://127.0.0.1:1/callback', 'http://[::1]:65535/callback'])
      expect((await visitor().get(login.address({ redirect_uri }))).headers.get('location')).toMatch(
        /^\/oauth2\/consent\/[\w-]{43}$/,
      );
  });

  test('is the only one that may ask for a session', async () => {
    const { client } = login;
    for (const client_id of [client.id, CLI]) {
      const change = { client_id, redirect_uri: client.redirectUri };
      expect(parameters(await visitor().get(login.address(change)))).toMatchObject({ error: 'invalid_target' });
    }
  });
});

describe('the question', () => {
  test('says in plain words that it is a sign-in, and shows the letters of the terminal', async () => {
    const person = visitor();
    const page = await person.get(await login.question(person));
    const html = (await page.text()).replace(/\s+/g, ' ');
    for (const words of [
      'Sign in the command line?',
      '<b>The command line</b> wants to be <b>signed in</b> as alice',
      `Have you just started “mcp-gateway login”, and does your terminal show ${checkLetters(digest(verifier))}?`,
      'another program or page has led you here: press Deny.',
      'everything, as a sign-in in a browser. It can use every server and tool that you may use',
      'It ends after 1 hour, or after 2 hours without use. You can end it at any time, on My account.',
      'The answer goes to 127.0.0.1:4711. If that page does not load, paste its address into your own terminal',
    ])
      expect(html).toContain(words);
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self' http://127.0.0.1:4711");
  });

  test('is asked each time, also of a person who is signed in and has allowed it before', async () => {
    const person = visitor();
    await person.logIn();
    const first = await login.question(person);
    expect(parameters(await person.submit(first, { answer: 'allow' })).code).toMatch(/^[\w-]{43}$/);
    const second = await login.question(person);
    const html = await (await person.get(second)).text();
    expect([second === first, html.includes('Sign in the command line?')]).toEqual([false, true]);
  });

  test('of a hostile MCP server that names the command line is the same question, and its code stays on this computer', async () => {
    const person = visitor();
    const hostile = { code_challenge: digest('x'.repeat(43)), redirect_uri: 'http://127.0.0.1:1/callback' };
    const path = await login.question(person, 'alice', hostile);
    const html = await (await person.get(path)).text();
    expect([
      html.includes(checkLetters(hostile.code_challenge)),
      html.includes(checkLetters(digest(verifier))),
    ]).toEqual([true, false]);
    const answer = locationOf(await person.submit(path, { answer: 'allow' }));
    expect(answer.origin).toBe('http://127.0.0.1:1');
    const code = answer.searchParams.get('code') ?? '';
    const own = { redirect_uri: hostile.redirect_uri };
    expect(await outcome(await login.redeem(code, own))).toEqual(refused);
  });

  test('is answered in the browser that began, by a page of the gateway, and by the person: not in advance', async () => {
    const person = visitor();
    const path = await login.question(person);
    expect((await visitor().submit(path, { answer: 'allow' })).status).toBe(400);
    expect((await person.submit(path, { answer: 'allow' }, { Origin: 'https://evil.example' })).status).toBe(403);
    expect((await person.get(path, { 'Sec-Purpose': 'prefetch' })).status).toBe(503);
    const [once, again] = [await (await person.get(path)).text(), await (await person.get(path)).text()];
    expect(once).toBe(again);
    const first = parameters(await person.submit(path, { answer: 'allow' }));
    expect(parameters(await person.submit(path, { answer: 'allow' }))).toEqual(first);
  });

  test('with Deny opens no session, and the login at the provider ends', async () => {
    const before = (await auth.store.sessions.list()).length;
    const person = visitor();
    const path = await login.question(person);
    expect(parameters(await person.submit(path, { answer: 'deny' }))).toMatchObject({ error: 'access_denied' });
    expect((await person.submit(path, { answer: 'allow' })).status).toBe(400);
    expect((await auth.store.sessions.list()).length).toBe(before);
  });
});

test('Where MCP clients may not log in, and the pool has no app client for it, the command line logs in all the same', async () => {
  const other = await startAuthServer(cognito.url, { oauthClients: 'off', commandLineOfPool: false });
  try {
    const own = await commandLineLogin(other);
    expect(await own.session('bob')).toMatchObject({ username: 'bob', groups: ['mcp-registry-user'] });
    const { id_token, access_token } = await cognito.control.signIn('bob', CLI);
    const answer = await fetch(`${other.url}/oauth2/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id_token, access_token }),
    });
    expect(await outcome(answer)).toEqual([404, 'exchange_off']);
    const path = '/.well-known/oauth-protected-resource/oauth2/session';
    expect(await (await fetch(other.url + path)).json()).toEqual({
      resource: `${publicUrl}/oauth2/session`,
      authorization_servers: [publicUrl],
      bearer_methods_supported: [],
    });
  } finally {
    await other.close();
  }
});

test('A person without any group may sign in too, and sees that nothing is allowed', async () => {
  cognito.control.updatePerson('carol', { groups: [] });
  expect(await login.session('carol')).toMatchObject({ username: 'carol', groups: [] });
});

test('The session of the command line ends after its time, with its record, and with a revocation of the command line', async () => {
  const [first, second, third] = [await login.session(), await login.session('bob'), await login.session('carol')];
  const { sid = '' } = (await recordOf(third)) ?? {};
  await auth.store.sessions.end({ sid });
  expect(await atServer(third)).toBe('session_ended');
  clock.advance(2);
  await auth.store.revocations.add({ kind: 'client', value: commandLine.id, at: now() });
  expect(await atServer(first)).toBe('access_revoked');
  expect(await auth.store.sessions.end({ clientId: commandLine.id })).toBeGreaterThan(1);
  expect(await atServer(second)).toBe('session_ended');
  clock.advance(2);
  const fourth = await login.session();
  expect(await atServer(fourth)).toBe('good');
  clock.advance(3_601);
  expect(await atServer(fourth)).toBe('session_ended');
});
