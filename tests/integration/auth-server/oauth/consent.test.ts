import { digest } from '../../../../auth-server/oauth/store/tokens.ts';
import { alice, now, publicUrl, startAuthServer } from '../../../support/auth-server/auth-fixture.ts';
import { newOAuthClient } from '../../../support/auth-server/oauth-client.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';
import { useClock } from '../../../support/clock.ts';
import { locationOf } from '../../../support/stand-in/hosted-login.ts';

const clock = useClock();
const document = 'https://claude.example/client.json';
const { cognito, auth } = await authServerWithPool({
  documents: {
    fetch: async () => ({
      text: JSON.stringify({
        client_id: document,
        client_name: 'Claude',
        redirect_uris: [
          'https://claude.example/callback',
          'https://elsewhere.example/callback',
          'http://localhost/callback',
        ],
      }),
      maxAgeSeconds: 600,
    }),
  },
});
const client = await newOAuthClient(auth);
const visitor = () => newVisitor(auth.url);
const parameters = (answer: Response) => Object.fromEntries(locationOf(answer).searchParams);
const gone = 'This request is over';

describe('a client that asks', () => {
  test('leads to a login at the provider and to the question, and sets no session cookie', async () => {
    const person = visitor();
    const path = await client.ask(person);
    const back = await client.logIn(person, path);
    expect([back.status, back.headers.get('location')]).toEqual([303, path]);
    expect([...person.jar.keys()]).toEqual(['mcp_gateway_browser']);
    expect(person.setCookies[0]).toMatch(
      /^mcp_gateway_browser=[\w-]{43}; Max-Age=900; Path=\/; .*HttpOnly; SameSite=Lax$/,
    );
    const page = await person.get(path);
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store']);
  });

  test('on https gets a cookie that no other host can plant', async () => {
    const secure = await startAuthServer(cognito.url, { publicUrl: 'https://gateway.example' });
    try {
      const own = await newOAuthClient(secure);
      const person = newVisitor(secure.url);
      await own.ask(person, { resource: 'https://gateway.example/currenttime/mcp' });
      expect(person.setCookies[0]).toMatch(
        /^__Host-mcp_gateway_browser=.*; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/,
      );
    } finally {
      await secure.close();
    }
  });

  test('also gets a login of its own for a person who is signed in at the gateway', async () => {
    const person = visitor();
    await person.logIn();
    const path = await client.ask(person);
    const start = await person.get(path);
    expect(start.headers.get('location')).toBe(`${path}/login/cognito`);
    const provider = locationOf(await person.get(`${path}/login/cognito`));
    expect(provider.origin).toBe(cognito.url);
  });

  test.each<[string, Record<string, string | undefined>]>([
    ['an unknown client', { client_id: 'eyJhbGciOiJIUzI1NiJ9.e30.x' }],
    ['no client', { client_id: undefined }],
    ['a redirect address that is not registered', { redirect_uri: 'https://evil.example/callback' }],
    ['another path of a registered address', { redirect_uri: 'http://127.0.0.1:7999/callback/../other' }],
    ['another loopback name', { redirect_uri: 'http://localhost:7999/callback' }],
    ['no redirect address', { redirect_uri: undefined }],
  ])('as %s gets nothing: the person reads why', async (_what, change) => {
    const answer = await visitor().get(client.address(change));
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    expect(await answer.text()).toContain('The client cannot be connected');
  });

  test.each<[string, Record<string, string | undefined>, string]>([
    ['no PKCE', { code_challenge: undefined }, 'invalid_request'],
    ['the PKCE method plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['no PKCE method', { code_challenge_method: undefined }, 'invalid_request'],
    ['a token in the address', { response_type: 'token' }, 'unsupported_response_type'],
    ['an answer in a form', { response_mode: 'form_post' }, 'invalid_request'],
    ['a login without a person', { prompt: 'none' }, 'login_required'],
    ['the bare origin', { resource: publicUrl }, 'invalid_target'],
    ['a resource with a query', { resource: `${publicUrl}/mcp?x=1` }, 'invalid_target'],
    ['a resource elsewhere', { resource: 'https://evil.example/mcp' }, 'invalid_target'],
    ['a page of the gateway', { resource: `${publicUrl}/servers/currenttime` }, 'invalid_target'],
  ])('for %s gets the error at its own address, with state and iss', async (_what, change, error) => {
    const answer = await visitor().get(client.address(change));
    expect(answer.status).toBe(303);
    expect(locationOf(answer).href).toMatch(/^http:\/\/127\.0\.0\.1:7999\/callback\?/);
    expect(parameters(answer)).toEqual({
      error,
      error_description: expect.any(String),
      state: 'the state',
      iss: publicUrl,
    });
  });

  test('with two resource parameters gets invalid_target: one token would be for both, or for the wrong one', async () => {
    const twice = `${client.address()}&resource=${encodeURIComponent(`${publicUrl}/mcp`)}`;
    expect(parameters(await visitor().get(twice))).toMatchObject({ error: 'invalid_target' });
    const states = parameters(await visitor().get(`${client.address()}&state=other`));
    expect(states).toEqual({ error: 'invalid_request', error_description: expect.any(String), iss: publicUrl });
  });

  test('with scopes, a nonce or another prompt is asked as ever', async () => {
    const change = { scope: 'openid profile offline_access', nonce: 'n', prompt: 'consent', max_age: '0' };
    expect(await client.ask(visitor(), change)).toMatch(/^\/oauth2\/consent\/[\w-]{43}$/);
  });

  test('with a mistake from a site that anyone can register stays here: the address would lead anywhere', async () => {
    const site = await newOAuthClient(auth, { redirectUri: 'https://evil.example/callback' });
    const answer = await visitor().get(site.address({ response_type: 'token' }));
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  });

  test.each(['prefetch', 'prefetch;prerender'])(
    'in a page that the browser loads in advance (%s) gets nothing',
    async (purpose) => {
      const person = visitor();
      const headers = { 'Sec-Purpose': purpose };
      expect((await person.get(client.address(), headers)).status).toBe(503);
      expect(person.jar.size).toBe(0);
      const path = await client.question(person);
      const loaded = await person.get(path, headers);
      expect([loaded.status, await loaded.text()]).toEqual([503, '']);
      expect((await person.get(path)).status).toBe(200);
    },
  );
});

describe('the question', () => {
  const pageFor = async (change = {}, from = client, username = 'carol') => {
    const person = visitor();
    const path = await from.question(person, username, change);
    const page = await person.get(path);
    return { html: (await page.text()).replace(/\s+/g, ' '), policy: page.headers.get('content-security-policy') };
  };

  test('names the client as it calls itself, the server and its canonical address, and the person', async () => {
    const { html } = await pageFor({ resource: `${publicUrl}/fininfo/../currenttime/sse` });
    expect(html).toContain('<b>Claude Code</b> wants to use <b>currenttime</b> as carol');
    expect(html).toContain(`<code>${publicUrl}/currenttime/mcp</code>`);
    expect(html).toContain('Are you adding currenttime there just now?');
    expect(html).toContain('<b>A program on this computer</b> that calls itself Claude Code.');
    expect(html).toContain('The answer goes to 127.0.0.1:7999.');
    expect(html).toContain('It ends after 30 days, or after 14 days without use.');
  });

  test('shows markup in a name as text', async () => {
    const { html } = await pageFor({}, await newOAuthClient(auth, { name: '<img src=x>"' }));
    expect(html).toContain('&lt;img src=x&gt;');
    expect(html).not.toContain('<img src=x');
  });

  test.each<[string, string, string, string | undefined]>([
    [
      'http://127.0.0.1:7999/callback',
      'A program on this computer',
      'that calls itself Claude Code.',
      'http://127.0.0.1:7999',
    ],
    ['http://[::1]:7999/callback', 'A program on this computer', 'that calls itself Claude Code.', 'http:'],
    [
      'cursor://anysphere.cursor-mcp/callback',
      'A program on this computer',
      'that calls itself Claude Code.',
      'cursor:',
    ],
    ['https://evil.example/callback', 'Another site', 'The gateway cannot check that name.', undefined],
  ])(
    'with the redirect address %s says who asks, and lets the form lead there only',
    async (redirectUri, strong, rest, target) => {
      const { html, policy } = await pageFor({}, await newOAuthClient(auth, { redirectUri }));
      expect(html).toContain(`<b>${strong}</b>`);
      expect(html).toContain(rest);
      if (target === undefined) expect(policy).not.toContain('form-action');
      else expect(policy).toMatch(new RegExp(`; form-action 'self' ${target.replaceAll(/[[\]/.]/g, '\\$&')}$`));
      expect(policy).toContain("frame-ancestors 'none'");
    },
  );

  test('calls a host checked only if the answer goes back to the host of the metadata document', async () => {
    const ask = (redirect_uri: string) => pageFor({ client_id: document, redirect_uri });
    const checked = 'The gateway has checked that the answer goes back there.';
    expect((await ask('https://claude.example/callback')).html).toContain(`<b>claude.example</b> asks. ${checked}`);
    expect((await ask('https://elsewhere.example/callback')).html).not.toContain(checked);
    const local = (await ask('http://localhost:1234/callback')).html;
    expect(local).not.toContain(checked);
    expect(local).toContain('<b>A program on this computer</b> that calls itself Claude.');
  });

  test('says which tools the client may call: those that the policy lets this person call', async () => {
    expect((await pageFor({}, client, 'alice')).html).toContain('every tool of currenttime.');
    const resource = 'http://localhost:8080/mcpgw/mcp';
    expect((await pageFor({ resource }, client, 'alice')).html).toContain('every tool that you may use, through');
    expect((await pageFor({}, client, 'bob')).html).toContain('call no tool of currenttime. If it is a set');
  });

  test('is no question for a person whom no rule lets use the server, in the same words for one that does not exist', async () => {
    const told = async (server: string) => {
      const { html } = await pageFor({ resource: `${publicUrl}/${server}/mcp` }, client, 'erin');
      return html
        .slice(html.indexOf('<main>'))
        .replaceAll(server, 'NAME')
        .replaceAll(server.slice(0, 2).toUpperCase(), 'NN')
        .replaceAll(/consent\/[\w-]+/g, '');
    };
    const words = await told('currenttime');
    expect(words).toContain('No rule of this gateway lets you use a server named NAME.');
    expect(words).not.toContain('value="allow"');
    expect(await told('nosuchserver')).toBe(words);
    const person = visitor();
    const path = await client.question(person, 'erin');
    expect((await person.submit(path, { answer: 'allow' })).status).toBe(400);
    expect(parameters(await person.submit(path, { answer: 'deny' }))).toMatchObject({ error: 'access_denied' });
  });

  test('is there again after a reload, the back button and in a second tab', async () => {
    const person = visitor();
    const path = await client.question(person);
    const other = await client.question(person);
    for (const each of [path, path, other, path]) expect((await person.get(each)).status).toBe(200);
    expect(parameters(await person.submit(other, { answer: 'allow' })).code).toMatch(/^[\w-]{43}$/);
    expect(parameters(await person.submit(path, { answer: 'allow' })).code).toMatch(/^[\w-]{43}$/);
    expect(await (await person.get(path)).text()).toContain(gone);
  });

  test('is not shown in another browser, even to one that began a request of its own', async () => {
    const path = await client.question(visitor());
    const other = visitor();
    expect((await other.get(path)).status).toBe(400);
    await client.question(other);
    expect(await (await other.get(path)).text()).toContain(gone);
    expect((await other.submit(path, { answer: 'allow' })).status).toBe(400);
  });

  test('is over after a quarter of an hour, and the login at the provider ends', async () => {
    const person = visitor();
    const path = await client.question(person, 'carol');
    const refreshToken = await keptRefreshToken();
    clock.advance(901);
    expect((await person.submit(path, { answer: 'allow' })).status).toBe(400);
    await auth.authorization.prune();
    await ended(refreshToken);
  });

  test('can be asked for another account: the provider shows its form again', async () => {
    const person = visitor();
    const path = await client.question(person, 'alice');
    expect(await (await person.get(path)).text()).toContain(`href="${path}/login/cognito?another"`);
    const again = locationOf(await person.get(`${path}/login/cognito?another`));
    expect(again.searchParams.get('prompt')).toBe('login');
    await person.get(await person.signIn(again, 'carol'));
    expect(await (await person.get(path)).text()).toContain('Signed in as carol');
  });
});

/** The refresh token that the newest request keeps for the person who has logged in for it. */
async function keptRefreshToken(): Promise<string> {
  const requests = auth.authorization.store.db.selectFrom('oauth_request').select('person');
  const row = await requests.orderBy('id', 'desc').executeTakeFirst();
  return (JSON.parse(await auth.vault.unlock(row?.person ?? '')) as { refreshToken: string }).refreshToken;
}

/** Waits until the provider no longer takes a refresh token. */
async function ended(refreshToken: string): Promise<void> {
  const provider = auth.authorization.oauth.providers.get('cognito');
  for (;;) {
    const refused = await provider?.refresh(refreshToken, 'x').catch((error: Error) => error.message);
    if (String(refused).includes('refuses')) return;
  }
}

describe('the answer', () => {
  test('Allow gives a code with state and iss at the address of the client, and opens the record only then', async () => {
    const person = visitor();
    const path = await client.question(person);
    const before = (await auth.store.sessions.list()).length;
    const answer = await person.submit(path, { answer: 'allow' });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([303, 'no-store']);
    expect(parameters(answer)).toEqual({ code: expect.any(String), state: 'the state', iss: publicUrl });
    expect((await auth.store.sessions.list()).length).toBe(before + 1);
  });

  test('keeps the query of a redirect address, and leaves out a state that was not sent', async () => {
    const own = await newOAuthClient(auth, { redirectUri: 'http://127.0.0.1:7999/callback?a=b%20c' });
    const person = visitor();
    const path = await own.question(person, 'alice', { state: undefined });
    const answer = await person.submit(path, { answer: 'allow' });
    expect(answer.headers.get('location')).toMatch(
      /^http:\/\/127\.0\.0\.1:7999\/callback\?a=b%20c&code=[\w-]+&iss=http%3A%2F%2Flocalhost%3A8080$/,
    );
  });

  test('Deny tells the client, opens no record, and ends the login at the provider', async () => {
    const person = visitor();
    const path = await client.question(person, 'carol');
    const refreshToken = await keptRefreshToken();
    const before = (await auth.store.sessions.list()).length;
    expect(parameters(await person.submit(path, { answer: 'deny' }))).toEqual({
      error: 'access_denied',
      error_description: 'You did not allow it.',
      state: 'the state',
      iss: publicUrl,
    });
    expect((await auth.store.sessions.list()).length).toBe(before);
    await ended(refreshToken);
  });

  test('twice by a double click gives the same code, for a minute and until it is exchanged', async () => {
    const person = visitor();
    const path = await client.question(person);
    const both = await Promise.all([1, 2].map(() => person.submit(path, { answer: 'allow' })));
    const codes = both.map((answer) => parameters(answer).code ?? '');
    expect(codes[0]).toMatch(/^[\w-]{43}$/);
    expect(codes[1]).toBe(codes[0]);
    expect(parameters(await person.submit(path, { answer: 'allow' })).code).toBe(codes[0]);
    expect((await client.exchange(codes[0] ?? '')).status).toBe(200);
    expect((await person.submit(path, { answer: 'allow' })).status).toBe(400);
  });

  test('cannot be changed afterwards', async () => {
    const person = visitor();
    const [allowed, denied] = [await client.question(person), await client.question(person)];
    await person.submit(allowed, { answer: 'allow' });
    expect((await person.submit(allowed, { answer: 'deny' })).status).toBe(400);
    await person.submit(denied, { answer: 'deny' });
    expect((await person.submit(denied, { answer: 'allow' })).status).toBe(400);
    const late = await client.question(person);
    await person.submit(late, { answer: 'allow' });
    clock.advance(61);
    expect((await person.submit(late, { answer: 'allow' })).status).toBe(400);
  });

  test.each<[string, Record<string, string>]>([
    ['another site', { Origin: 'https://evil.example' }],
    ['a sandbox', { Origin: 'null' }],
    ['no known page', {}],
    ['the same host on another port', { Origin: 'http://localhost:9999' }],
  ])('from %s is refused, and the question stays', async (_what, headers) => {
    const person = visitor();
    const path = await client.question(person);
    expect((await person.submit(path, { answer: 'allow' }, headers)).status).toBe(403);
    expect((await person.get(path)).status).toBe(200);
  });

  test('that is no answer is refused, and one before the login too', async () => {
    const person = visitor();
    const path = await client.ask(person);
    expect((await person.submit(path, { answer: 'allow' })).status).toBe(400);
    await client.logIn(person, path);
    for (const form of [{}, { answer: 'yes' }]) expect((await person.submit(path, form)).status).toBe(400);
    expect((await person.get(path)).status).toBe(200);
  });

  test('with a private scheme is a page that leads there and says that the tab can be closed', async () => {
    const own = await newOAuthClient(auth, { redirectUri: 'cursor://anysphere.cursor-mcp/callback', name: 'Cursor' });
    const person = visitor();
    const path = await own.question(person);
    const answer = await person.submit(path, { answer: 'allow' });
    const html = await answer.text();
    expect(answer.status).toBe(200);
    expect(html).toContain('You can close this tab.');
    expect(html).toMatch(
      /content="0; url=cursor:\/\/anysphere\.cursor-mcp\/callback\?code=[\w-]+&amp;state=the\+state&amp;iss=/,
    );
  });

  test('of two people one after the other in one browser is each for themselves', async () => {
    const person = visitor();
    const first = await client.code(person, 'alice');
    const second = await client.code(person, 'carol');
    const subjectOf = async (code: string) => {
      const { access_token } = (await (await client.exchange(code)).json()) as { access_token: string };
      return (await auth.accessTokens.verify(access_token)).sub;
    };
    expect(await subjectOf(first)).toBe(alice.sub);
    expect(await subjectOf(second)).not.toBe(alice.sub);
  });

  test('after a revocation that came between login and answer gives no access', async () => {
    const person = visitor();
    const path = await client.question(person, 'dave');
    await auth.store.revocations.add({ kind: 'user', value: 'dave', at: now() });
    const code = parameters(await person.submit(path, { answer: 'allow' })).code ?? '';
    expect((await client.exchange(code)).status).toBe(400);
  });
});

describe('a login for a request', () => {
  test('cannot be finished in another browser, nor twice', async () => {
    const person = visitor();
    const path = await client.ask(person);
    const back = await person.signIn(locationOf(await person.get(`${path}/login/cognito`)));
    const other = visitor();
    await client.ask(other);
    expect((await other.get(back)).status).toBe(400);
    expect((await person.get(back)).headers.get('location')).toBe(path);
    expect((await person.get(back)).status).toBe(400);
  });

  test('that the provider refuses says so, and can be tried again for the same request', async () => {
    const person = visitor();
    const path = await client.ask(person);
    const provider = locationOf(await person.get(`${path}/login/cognito`));
    const refused = await person.get(
      `/oauth2/callback/cognito?error=access_denied&state=${provider.searchParams.get('state')}`,
    );
    const html = await refused.text();
    expect(html).toContain('The login was cancelled');
    expect(html).toContain(`href="${path}"`);
    await client.logIn(person, path);
    expect((await person.get(path)).status).toBe(200);
  });

  test('with several providers lets the person choose', async () => {
    const two = await startAuthServer(cognito.url, { providers: ['cognito', 'other'] });
    try {
      const own = await newOAuthClient(two);
      const person = newVisitor(two.url);
      const path = await own.ask(person);
      const html = await (await person.get(path)).text();
      for (const name of ['cognito', 'other']) expect(html).toContain(`href="${path}/login/${name}"`);
      expect(html).toContain('To connect your client.');
      const session = { client_id: 'mcp-gateway', resource: `${publicUrl}/oauth2/session` };
      const other = await person.get(await own.ask(person, session));
      expect(await other.text()).toContain('For the command line.');
      expect((await person.get(`${path}/login/cognito-cli`)).status).toBe(400);
    } finally {
      await two.close();
    }
  });
});

describe('requests', () => {
  test('are bounded for each browser: the oldest is dropped', async () => {
    const person = visitor();
    const paths: string[] = [];
    for (let i = 0; i < 52; i++) paths.push(await client.ask(person));
    const status = async (path = '') => (await person.get(path)).status;
    expect([await status(paths[0]), await status(paths[1]), await status(paths[2])]).toEqual([400, 400, 303]);
  });

  test('are bounded for each address: others are not kept waiting', async () => {
    const from = (address: string) => visitor().get(client.address(), { 'X-Real-IP': address });
    for (let i = 0; i < 600; i++) await from('203.0.113.7');
    const refused = await from('203.0.113.7');
    expect([refused.status, (await refused.text()).includes('Start again in')]).toEqual([429, true]);
    expect((await from('203.0.113.8')).status).toBe(303);
  });
});

test('a hostile MCP server that leads a client here gets no code without the question, also after an Allow', async () => {
  const person = visitor();
  expect(await client.code(person)).toMatch(/^[\w-]{43}$/);
  // The client's own id and address, a state that the client takes, and a challenge of the attacker's.
  const answer = await person.get(client.address({ code_challenge: digest('a'.repeat(43)) }));
  const path = answer.headers.get('location') ?? '';
  expect(path).toMatch(/^\/oauth2\/consent\//);
  await client.logIn(person, path);
  expect(await (await person.get(path)).text()).toContain('Are you adding currenttime there just now?');
});

test("consent that an attacker gave in their own browser gives the attacker's access, never the victim's", async () => {
  const attacker = visitor();
  const path = await client.question(attacker, 'bob');
  const victim = visitor();
  await victim.logIn('alice');
  expect((await victim.submit(path, { answer: 'allow' })).status).toBe(400);
  const provider = locationOf(await attacker.get(`${path}/login/cognito`));
  const back = await victim.signIn(provider, 'alice');
  expect((await victim.get(back)).status).toBe(302);
  expect(await (await attacker.get(path)).text()).toContain('as bob');
});
