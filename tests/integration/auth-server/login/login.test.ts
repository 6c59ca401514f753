import {
  denialOf,
  now,
  publicUrl,
  seed,
  sessionRecord,
  startAuthServer,
  WEB,
} from '../../../support/auth-server/auth-fixture.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';

const { cognito, auth } = await authServerWithPool();
const visitor = () => newVisitor(auth.url);
const callback = '/oauth2/callback/cognito';
const anyState = 'a'.repeat(43);

describe('the login page', () => {
  test('offers Cognito, and leads to the page that the person requested', async () => {
    const page = await visitor().get('/login?redirect_uri=%2Fservers%3Fa%3D1');
    expect(page.status).toBe(200);
    expect(page.headers.get('cache-control')).toBe('no-store');
    const html = await page.text();
    expect(html).toContain('href="/oauth2/login/cognito?redirect_uri=%2Fservers%3Fa%3D1"');
    expect(html).toContain('Continue with Amazon Cognito');
  });

  test.each(['https://evil.example/', '//evil.example', '/\\evil.example', '"><script>alert(1)</script>'])(
    'does not redirect to %j (J10)',
    async (target) => {
      const html = await (await visitor().get(`/login?redirect_uri=${encodeURIComponent(target)}`)).text();
      expect(html).toContain('href="/oauth2/login/cognito?redirect_uri=%2F"');
      expect(html).not.toMatch(/evil|<script/);
    },
  );

  test('does not ask a person who is signed in again, but leads to the page that they requested', async () => {
    const person = visitor();
    await person.logIn();
    const to = async (query: string) => {
      const answer = await person.get(`/login${query}`);
      return [answer.status, answer.headers.get('location'), answer.headers.get('cache-control')];
    };
    expect(await to('?redirect_uri=%2Fservers%3Fa%3D1')).toEqual([302, '/servers?a=1', 'no-store']);
    expect(await to('')).toEqual([302, '/', 'no-store']);
    expect(await to('?redirect_uri=https%3A%2F%2Fevil.example')).toEqual([302, '/', 'no-store']);
  });

  test('asks a person whose session has ended or was revoked: else the two pages would lead to each other', async () => {
    const person = visitor();
    await person.logIn('dave');
    const [[name, value] = ['', '']] = person.jar;
    await auth.store.revocations.add({ kind: 'user', value: 'dave', at: now() });
    expect((await person.get('/login')).status).toBe(200);
    person.jar.set(name, `${value.slice(0, -4)}AAAA`);
    expect((await person.get('/login')).status).toBe(200);
  });

  test('lists the providers as JSON for programs', async () => {
    const answer = await visitor().get('/oauth2/providers');
    expect(await answer.json()).toEqual([{ name: 'cognito', title: 'Amazon Cognito' }]);
  });
});

describe('a login', () => {
  test('requests a code from Cognito with state, nonce and PKCE, all new each time (k)', async () => {
    const [one, two] = [await visitor().start(), await visitor().start()];
    expect(one.searchParams.get('redirect_uri')).toBe(`${publicUrl}${callback}`);
    expect(Object.fromEntries(one.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: WEB,
      scope: 'openid email profile aws.cognito.signin.user.admin',
      code_challenge_method: 'S256',
    });
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(one.searchParams.get(name)).toMatch(/^[\w-]{43}$/);
      expect(one.searchParams.get(name)).not.toBe(two.searchParams.get(name));
    }
  });

  test('uses the configured URL, for any Host header of the request (p8)', async () => {
    const lies = { 'X-Forwarded-Host': 'evil.example', Forwarded: 'host=evil.example', 'X-Forwarded-Proto': 'https' };
    const started = await visitor().get('/oauth2/login/cognito', lies);
    const url = new URL(started.headers.get('location') ?? '');
    expect(url.searchParams.get('redirect_uri')).toBe(`${publicUrl}${callback}`);
  });

  test('keeps its attempt for ten minutes in an encrypted cookie that scripts cannot read', async () => {
    const person = visitor();
    const url = await person.start();
    expect(person.setCookies).toHaveLength(1);
    expect(person.setCookies[0]).toMatch(
      /^mcp_gateway_login_[\w-]{16}=[\w.-]+; Max-Age=600; Path=\/oauth2; .*HttpOnly; SameSite=Lax$/,
    );
    const [jwe = ''] = person.jar.values();
    expect(jwe.split('.')).toHaveLength(5);
    expect(person.setCookies[0]).not.toContain(url.searchParams.get('state'));
  });

  test('that succeeds opens a session and leads to the page that the person requested', async () => {
    const person = visitor();
    const done = await person.logIn('carol', '/servers?tag=a&b=c#top');
    expect(done.status).toBe(302);
    expect(done.headers.get('location')).toBe('/servers?tag=a&b=c#top');
    const session = person.setCookies.find((line) => line.startsWith('mcp_gateway_session='));
    expect(session).toMatch(/; Max-Age=3600; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/);
    expect([...person.jar.keys()]).toEqual(['mcp_gateway_session']);
    const response = await auth.validate({ Cookie: person.cookies() });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-username')).toBe('carol');
    expect(response.headers.get('x-groups')).toBe('mcp-registry-developer');
  });

  test('of a person in no group succeeds, and the session may do nothing', async () => {
    const person = visitor();
    expect((await person.logIn('erin')).status).toBe(302);
    expect(denialOf(await auth.validate({ Cookie: person.cookies() }))).toMatchObject({ code: 'not_permitted' });
  });

  test.each(['//evil.example', 'https://evil.example/', '/\\evil', '/login', '/oauth2/logout/cognito'])(
    'that was started with the target %j leads to / instead (J10)',
    async (next) => {
      expect((await visitor().logIn('alice', next)).headers.get('location')).toBe('/');
    },
  );

  test('in several tabs at once succeeds in each', async () => {
    const person = visitor();
    const [one, two] = [await person.start('/one'), await person.start('/two')];
    const [second, first] = [await person.signIn(two), await person.signIn(one)];
    expect((await person.get(second)).headers.get('location')).toBe('/two');
    expect((await person.get(first)).headers.get('location')).toBe('/one');
  });

  test.each(['image', 'iframe', 'script', 'empty', 'object'])(
    'is not finished out of sight of the person, as the %s of a page',
    async (destination) => {
      const person = visitor();
      const back = await person.signIn(await person.start());
      const hidden = await person.get(back, { 'Sec-Fetch-Dest': destination });
      expect([hidden.status, [...person.jar.keys()]]).toEqual([403, [expect.stringMatching('^mcp_gateway_login_')]]);
      expect((await person.get(back, { 'Sec-Fetch-Dest': 'document' })).status).toBe(302);
    },
  );

  test('that is started and abandoned twenty times leaves only a few cookies', async () => {
    const person = visitor();
    for (let i = 0; i < 20; i++) await person.start();
    expect(person.jar.size).toBeLessThanOrEqual(5);
    expect((await person.logIn()).status).toBe(302);
  });

  test('on https sets cookies for https only, under the __Host- name', async () => {
    const secure = await startAuthServer(cognito.url, { publicUrl: 'https://gateway.example' });
    try {
      const person = newVisitor(secure.url);
      await person.start();
      expect(person.setCookies[0]).toMatch(
        /^__Host-mcp_gateway_login_.*; Path=\/; .*; HttpOnly; Secure; SameSite=Lax$/,
      );
      expect(secure.cookieName).toBe('__Host-mcp_gateway_session');
    } finally {
      await secure.close();
    }
  });
});

describe('logging out', () => {
  test('by opening the page only asks for confirmation', async () => {
    const person = visitor();
    await person.logIn();
    const page = await person.get('/oauth2/logout/cognito');
    expect(await page.text()).toContain('<form method="post">');
    expect((await auth.validate({ Cookie: person.cookies() })).status).toBe(200);
  });

  test('ends the session permanently, and at Cognito too', async () => {
    const person = visitor();
    await person.logIn();
    const kept = person.cookies();
    const page = await person.post('/oauth2/logout/cognito', { Origin: publicUrl, 'Sec-Fetch-Site': 'same-origin' });
    expect(page.status).toBe(200);
    expect(person.jar.size).toBe(0);
    const next = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(await page.text())?.[1]?.replaceAll('&amp;', '&');
    const away = new URL(next ?? '');
    expect(away.origin + away.pathname).toBe(`${cognito.url}/logout`);
    expect(Object.fromEntries(away.searchParams)).toEqual({ client_id: WEB, logout_uri: `${publicUrl}/login` });
    expect(denialOf(await auth.validate({ Cookie: kept }))).toMatchObject({ http: 401, code: 'session_ended' });
  });

  test('says once how many clients stay connected, there and on the login page to which it leads', async () => {
    const sub = seed.users.find(({ username }) => username === 'carol')?.sub ?? '';
    const clients = ['stays-1', 'stays-2'].map((sid) => sessionRecord({ sid, sub, kind: 'client' }));
    for (const client of [...clients, sessionRecord({ sid: 'of-alice', kind: 'client' })])
      await auth.store.sessions.add(client);
    const person = visitor();
    await person.logIn('carol');
    const words = '2 clients stay connected and can act as you. You end them on My account.';
    expect(await (await person.post('/oauth2/logout/cognito', { Origin: publicUrl })).text()).toContain(words);
    expect(await (await person.get('/login')).text()).toContain(`You are signed out. ${words}`);
    expect(await (await person.get('/login')).text()).not.toContain('connected');
    expect(person.jar.size).toBe(0);
    await auth.store.sessions.end({ sid: 'stays-1' });
    await person.logIn('carol');
    const last = await (await person.post('/oauth2/logout/cognito', { Origin: publicUrl })).text();
    expect(last).toContain('1 client stays connected');
  });

  test.each(['0', '-1', '1e9', '<b>', '123456'])('shows nothing of a cookie that says %j', async (value) => {
    const person = visitor();
    person.jar.set('mcp_gateway_stay', value);
    expect(await (await person.get('/login')).text()).not.toContain('signed out');
  });

  test('redirects to Cognito only, for any redirect_uri (j3)', async () => {
    const page = await visitor().post('/oauth2/logout/cognito?redirect_uri=https://evil.example/', {
      Origin: publicUrl,
    });
    expect(page.headers.get('location')).toBeNull();
    expect(await page.text()).not.toContain('evil');
  });

  test.each([
    [{ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
    [{ Origin: 'http://localhost:3000', 'Sec-Fetch-Site': 'same-site' }],
    [{ Origin: 'null' }],
    [{ 'Sec-Fetch-Site': 'cross-site' }],
    [{ 'Sec-Fetch-Site': 'same-site' }],
  ])('requested by a page of another origin (%j) is rejected, and the session continues', async (headers) => {
    const person = visitor();
    await person.logIn();
    const page = await person.post('/oauth2/logout/cognito', headers);
    expect(page.status).toBe(403);
    expect(await page.text()).toContain('Not signed out');
    expect((await auth.validate({ Cookie: person.cookies() })).status).toBe(200);
  });

  test('without a session, or with an invalid cookie, succeeds', async () => {
    const person = visitor();
    person.jar.set('mcp_gateway_session', 'rubbish');
    expect((await person.post('/oauth2/logout/cognito', { Origin: publicUrl })).status).toBe(200);
    expect(person.jar.size).toBe(0);
  });
});

describe('an unknown provider', () => {
  test.each(['/oauth2/login/github', `/oauth2/callback/github?code=x&state=${anyState}`, '/oauth2/login/constructor'])(
    'gets a 404 page at %s',
    async (path) => {
      const page = await visitor().get(path);
      expect(page.status).toBe(404);
      expect(await page.text()).toContain('There is no such way to log in');
    },
  );
});
