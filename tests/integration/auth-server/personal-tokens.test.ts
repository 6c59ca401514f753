import { jest } from '@jest/globals';
import type { OAuthClient } from '../../../auth-server/cognito/oauth-client.ts';
import {
  type AuthServer,
  denialOf,
  keys,
  now,
  publicUrl,
  registryPage,
  type Shape,
  secretKey,
  startAuthServer,
} from '../../support/auth-server/auth-fixture.ts';
import { signLocalSession } from '../../support/auth-server/local-session.ts';
import { newVisitor } from '../../support/auth-server/visitor.ts';
import { useClock } from '../../support/clock.ts';
import { until } from '../../support/listen.ts';
import { bothDatabases } from '../../support/postgres/both-databases.ts';
import { locationOf, newBrowser, submitSignIn } from '../../support/stand-in/hosted-login.ts';
import { type RunningCognito, startCognito } from '../../support/stand-in/start.ts';

const page = '/oauth2/personal-token';
const wanted = { name: 'nightly script', server: 'currenttime', hours: '720' };
const clock = useClock();

describe.each(bothDatabases(''))('A personal token, over %s,', (_kind, places) => {
  let cognito: RunningCognito;
  let auth: AuthServer;
  let where: string;
  let more: AuthServer[];
  beforeEach(async () => {
    [cognito, where, more] = [await startCognito({ keys }), await places.empty(), []];
    auth = await startAuthServer(cognito.url, { where, allowLocalSessions: true });
  });
  afterEach(async () => {
    for (const each of [auth, ...more]) await each.close();
    await cognito.close();
  });
  const another = async (change: Partial<Shape>) => {
    const started = await startAuthServer(cognito.url, { where, ...change });
    more.push(started);
    return started;
  };
  const signedIn = async (person = 'alice', at = auth) => {
    const visitor = newVisitor(at.url);
    await visitor.logIn(person);
    return visitor;
  };
  type Visitor = Awaited<ReturnType<typeof signedIn>>;
  /** Sends the form. @returns the address at the provider, if it leads there */
  const ask = async (visitor: Visitor, change: object = {}, headers?: Record<string, string>) => {
    const answer = await visitor.submit(page, { ...wanted, ...change }, headers);
    const html = await answer.text();
    const address = /class="button full" href="([^"]+)"/.exec(html)?.[1]?.replaceAll('&amp;', '&');
    return { status: answer.status, html, address: address?.startsWith('http') ? new URL(address) : undefined };
  };
  const comeBack = async (address: URL | undefined, person: string) =>
    locationOf(await submitSignIn(newBrowser(), address ?? '', person));
  const made = async (person = 'alice', change: object = {}, at = auth) => {
    const visitor = await signedIn(person, at);
    const back = await comeBack((await ask(visitor, change)).address, person);
    const answer = await visitor.get(back);
    const html = await answer.text();
    const token = /<code id="token">([^<]+)</.exec(html)?.[1] ?? '';
    return { visitor, back, answer, html, token };
  };
  const use = async (token: string, headers: Record<string, string | null> = {}, at = auth) => {
    const answer = await at.validate({ Authorization: `Bearer ${token}`, ...headers });
    return answer.status === 200 ? 'good' : denialOf(answer).code;
  };
  const records = async () => (await auth.store.sessions.list()).filter(({ kind }) => kind === 'personal');

  test('is made after a login of its own, shown once, kept as a digest, and in no line of the log', async () => {
    const { visitor, back, answer, html, token } = await made();
    expect(token).toMatch(/^mgt_[\w-]{54}$/);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(html).toContain(`claude mcp add --transport http currenttime ${publicUrl}/currenttime/mcp`);
    const accepted = await auth.validate({ Authorization: `Bearer ${token}` });
    expect(Object.fromEntries(accepted.headers)).toMatchObject({ 'x-username': 'alice', 'x-auth-method': 'jwt' });
    const again = await visitor.get(back);
    expect([again.status, await again.text()]).toEqual([302, expect.not.stringContaining('mgt_')]);
    const [record] = await records();
    expect(record).toMatchObject({ oauthClientName: 'nightly script', resource: `${publicUrl}/currenttime/mcp` });
    expect([record?.idleSeconds, Math.abs((record?.expiresAt ?? 0) - now() - 720 * 3_600) < 60]).toEqual([
      undefined,
      true,
    ]);
    const kept = JSON.stringify(await auth.store.sessions.list());
    for (const text of [kept, auth.lines.join('')])
      for (const part of [token, token.slice(4, 30)]) expect(text).not.toContain(part);
    expect(auth.lines.join('')).toContain('a person has made a personal token');
    const own = (await auth.store.sessions.list()).find(({ kind }) => kind === 'browser');
    expect(own?.refreshToken).not.toBe(record?.refreshToken);
  });

  test.each<[string, (visitor: Visitor) => Promise<Record<string, string>>, number]>([
    ['a form of another site', async () => ({ Origin: 'https://evil.example' }), 403],
    ['a form in a sandbox', async () => ({ Origin: 'null' }), 403],
    ['a request without an origin', async () => ({}), 403],
    ['a browser without a session', async () => ({ Origin: publicUrl, cookie: '' }), 303],
    [
      'a locally signed session',
      async () => {
        const claims = { sub: 'dev', username: 'dev', groups: ['mcp-registry-user'], iat: now(), exp: now() + 600 };
        return { Origin: publicUrl, cookie: `${auth.cookieName}=${await signLocalSession(secretKey, claims)}` };
      },
      403,
    ],
    [
      'a session of the command line',
      async () => ({ Origin: publicUrl, cookie: await auth.session({ oauthClient: 'mcp-gateway' }) }),
      403,
    ],
    [
      'a session of an older command line',
      async () => ({ Origin: publicUrl, cookie: await auth.session({ provider: 'cognito-cli' }) }),
      403,
    ],
    [
      'a session that has ended',
      async (visitor) => {
        await auth.store.sessions.end('everybody');
        return { Origin: publicUrl, cookie: visitor.cookies() };
      },
      303,
    ],
    [
      'a token instead of a session',
      async () => ({ Origin: publicUrl, cookie: '', Authorization: `Bearer ${(await made()).token}` }),
      303,
    ],
  ])('is not begun by %s', async (_what, headersFor, status) => {
    const visitor = await signedIn();
    const headers = await headersFor(visitor);
    const answer = await ask(visitor, {}, headers);
    expect([answer.status, answer.address]).toEqual([status, undefined]);
  });

  test.each([
    [{ name: ' ' }, 'Give it a name'],
    [{ name: 'n'.repeat(61) }, 'Give it a name'],
    [{ hours: '0' }, 'Choose a time'],
    [{ hours: '2161' }, 'Choose a time'],
    [{ hours: '1.5' }, 'Choose a time'],
    [{ server: '' }, 'server&#39;s name'],
    [{ server: 'https://elsewhere.example/currenttime/mcp' }, 'server&#39;s name'],
    [{ server: `${publicUrl}/api` }, 'server&#39;s name'],
    [{ server: 'nowhere' }, 'No rule of this gateway lets you use a server named nowhere.'],
  ])('is not begun for %j', async (change, words) => {
    const answer = await ask(await signedIn('bob'), change);
    expect([answer.status, answer.address]).toEqual([400, undefined]);
    expect(answer.html.replaceAll("'", '&#39;')).toContain(words);
    expect(answer.html).toContain('<form method="post"');
  });

  test('is not made for another person who comes back, nor in another browser', async () => {
    const visitor = await signedIn();
    const foreign = await visitor.get(await comeBack((await ask(visitor)).address, 'bob'));
    expect([foreign.status, await foreign.text()]).toEqual([
      403,
      expect.stringContaining('Another person has signed in'),
    ]);
    const other = await signedIn('bob');
    const answer = await other.get(await comeBack((await ask(visitor)).address, 'alice'));
    expect(await answer.text()).not.toContain('mgt_');
    expect(await records()).toEqual([]);
  });

  test('is not made once the session that asked has ended, or an operator has revoked the person', async () => {
    const visitor = await signedIn();
    const first = await comeBack((await ask(visitor)).address, 'alice');
    await auth.store.sessions.end('everybody');
    expect((await visitor.get(first)).status).toBe(403);
    const again = await signedIn();
    const second = await comeBack((await ask(again)).address, 'alice');
    await auth.store.revocations.add({ kind: 'user', value: 'alice', at: now() });
    expect((await again.get(second)).status).toBe(403);
    expect(await records()).toEqual([]);
  });

  test('is refused, with the reason, where the provider gives no refresh token', async () => {
    const provider = auth.authorization.oauth.providers.get('cognito') as OAuthClient;
    const logIn = provider.logIn;
    jest.spyOn(provider, 'logIn').mockImplementation(async (...asked) => ({
      ...(await logIn(...asked)),
      refreshToken: undefined,
    }));
    const { answer, html, token } = await made();
    expect([answer.status, token]).toEqual([403, '']);
    expect(html).toContain('Amazon Cognito gives no refresh token.');
    expect(await records()).toEqual([]);
  });

  test('opens its server only, and no page, API or account', async () => {
    const { token } = await made();
    expect(await use(token)).toBe('good');
    expect(await use(token, { 'X-Mcp-Server': 'mcpgw', 'X-Original-URI': '/mcpgw/mcp' })).toBe('token_invalid');
    for (const uri of ['/servers', '/account', '/api/servers', '/v0.1/servers'])
      expect(await use(token, { ...registryPage, 'X-Original-URI': uri })).toBe('token_invalid');
    const answer = await auth.validate({ Cookie: `${auth.cookieName}=${token}` });
    expect(denialOf(answer).code).toBe('session_invalid');
  });

  test('that is made up costs no look-up, whatever it looks like', async () => {
    const { token } = await made();
    const find = jest.spyOn(auth.store.sessions, 'find');
    const changed = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
    for (const each of ['mgt_', `mgt_${'a'.repeat(54)}`, changed, `${token}a`, `${token}=`])
      expect(await use(each)).toBe('token_invalid');
    expect(find).not.toHaveBeenCalled();
    expect(await use(token)).toBe('good');
  });

  test('is read from the database once, and not with each request', async () => {
    const { token } = await made();
    expect(await use(token)).toBe('good');
    const read = jest.spyOn(auth.store.sessions, 'read');
    for (let i = 0; i < 5; i++) expect(await use(token)).toBe('good');
    expect(read).not.toHaveBeenCalled();
  });

  test('ends at its time, and never for want of use before that', async () => {
    const { token } = await made('alice', { hours: '2' });
    expect(await use(token)).toBe('good');
    clock.advance(7_000);
    expect(await use(token)).toBe('good');
    clock.advance(300);
    expect(await use(token)).toBe('session_ended');
  });

  test('has the groups of the person as they are, and ends with that login at the provider', async () => {
    const { token } = await made('carol');
    cognito.control.updatePerson('carol', { groups: ['mcp-registry-user'] });
    clock.advance(1_000);
    const answer = await auth.validate({ Authorization: `Bearer ${token}` });
    expect([answer.status, answer.headers.get('x-groups')]).toEqual([200, 'mcp-registry-user']);
    cognito.control.globalSignOut('carol');
    clock.advance(90_000);
    expect(['session_ended', 'groups_unconfirmed']).toContain(await use(token));
    expect(await until(async () => (await use(token)) === 'session_ended')).toBe(true);
  });

  test('ends with a revocation of its person', async () => {
    const { token } = await made();
    await auth.store.revocations.add({ kind: 'user', value: 'alice', at: now() });
    expect(await use(token)).toBe('access_revoked');
  });

  test('stays when the browser that made it signs out, and ends on the account', async () => {
    const { token, visitor } = await made();
    await visitor.submit('/oauth2/logout/cognito', {});
    expect(await use(token)).toBe('good');
    const [record] = await records();
    await auth.store.sessions.end({ sid: record?.sid ?? '' });
    const answer = await auth.validate({ Authorization: `Bearer ${token}` });
    expect(denialOf(answer)).toMatchObject({
      code: 'session_ended',
      body: { error: { message: expect.stringContaining(`${publicUrl}/account`) } },
    });
  });

  test('is good at each process of the gateway, and at none where PERSONAL_TOKEN_DAYS is 0, which makes none either', async () => {
    const { token } = await made();
    const other = await another({});
    expect(await use(token, {}, other)).toBe('good');
    const second = await made('alice', {}, other);
    expect([await use(second.token), await use(second.token, {}, other)]).toEqual(['good', 'good']);
    await other.store.sessions.end({ sid: auth.personalTokens.sidOf(second.token) ?? '' });
    expect(await until(async () => (await use(second.token)) === 'session_ended')).toBe(true);
    const off = await another({ personalTokenDays: 0 });
    expect(await use(token, {}, off)).toBe('token_invalid');
    const visitor = await signedIn('alice', off);
    expect((await visitor.get(page)).status).toBe(404);
    expect((await ask(visitor)).status).toBe(404);
  });

  test('is not begun by a person who has fifty', async () => {
    const visitor = await signedIn();
    const [own] = await auth.store.sessions.list();
    for (let i = 0; i < 50; i++)
      await auth.store.sessions.add({ ...(own as NonNullable<typeof own>), sid: `t${i}`, kind: 'personal' });
    const answer = await ask(visitor);
    expect([answer.status, answer.html]).toEqual([403, expect.stringContaining('End one on My account first.')]);
  });
});
