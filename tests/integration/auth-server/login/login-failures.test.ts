import { type AuthServer, keys, startAuthServer } from '../../../support/auth-server/auth-fixture.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { type RunningCognito, startCognito } from '../../../support/stand-in/start.ts';

let cognito: RunningCognito;
let auth: AuthServer;
beforeEach(async () => {
  cognito = await startCognito({ keys });
  auth = await startAuthServer(cognito.url);
});
afterEach(async () => {
  await auth.close();
  await cognito.close();
});
const callback = '/oauth2/callback/cognito';
const stateOf = (url: URL) => url.searchParams.get('state') ?? '';

/** The page that the person sees. No failure may leave a session or reveal internals. */
async function failure(page: Response) {
  const html = await page.text();
  expect(page.headers.get('location')).toBeNull();
  expect(page.headers.getSetCookie().filter((line) => line.startsWith('mcp_gateway_session='))).toEqual([]);
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect(html).toMatch(/href="\/login(\?redirect_uri=%2Fservers%3Fx%3D1)?"/);
  expect(html).not.toMatch(/at .*\.ts:|node_modules|\beyJ/);
  return { status: page.status, html };
}

describe('a callback that does not belong to a login of this browser', () => {
  test.each([
    ['no state', 'code=x'],
    ['an unknown state', `code=x&state=${'a'.repeat(43)}`],
    ['an empty state', 'code=x&state='],
    ['two states', `code=x&state=${'a'.repeat(43)}&state=${'b'.repeat(43)}`],
    ['a strange state', 'code=x&state=../../a;b=c'],
    ['an error and no state', 'error=access_denied'],
    ['nothing', ''],
  ])('with %s is rejected', async (_what, query) => {
    const { status, html } = await failure(await newVisitor(auth.url).get(`${callback}?${query}`));
    expect(status).toBe(400);
    expect(html).toContain('This login cannot be finished');
  });

  test('that another browser started is rejected: an attacker cannot log a victim in as another person', async () => {
    const [attacker, victim] = [newVisitor(auth.url), newVisitor(auth.url)];
    await victim.start();
    const back = await attacker.signIn(await attacker.start(), 'bob');
    expect((await failure(await victim.get(back))).status).toBe(400);
  });

  test('with a code of another login is rejected: state and nonce bind the code to the login', async () => {
    const [attacker, victim] = [newVisitor(auth.url), newVisitor(auth.url)];
    const stolen = await attacker.signIn(await attacker.start(), 'bob');
    const own = await victim.start();
    const forged = new URL(stolen);
    forged.searchParams.set('state', stateOf(own));
    const { status, html } = await failure(await victim.get(forged));
    expect(status).toBe(502);
    expect(html).toMatch(/did not complete the login/);
  });

  test('of a login that was started with another provider is rejected', async () => {
    const two = await startAuthServer(cognito.url, { providers: ['cognito', 'other'] });
    try {
      const person = newVisitor(two.url);
      const back = String(await person.signIn(await person.start()));
      const { status, html } = await failure(await person.get(back.replace('/callback/cognito', '/callback/other')));
      expect(status).toBe(400);
      expect(html).toContain('This login cannot be finished');
    } finally {
      await two.close();
    }
  });

  test('with a state that only has the right prefix is rejected', async () => {
    const person = newVisitor(auth.url);
    const back = await person.signIn(await person.start());
    const state = stateOf(back);
    back.searchParams.set('state', state.slice(0, 20) + 'x'.repeat(state.length - 20));
    expect((await failure(await person.get(back))).status).toBe(400);
  });

  test('of a login that is already finished is rejected', async () => {
    const person = newVisitor(auth.url);
    const back = await person.signIn(await person.start());
    const attempt = new Map(person.jar);
    expect((await person.get(back)).status).toBe(302);
    person.jar.clear();
    for (const [name, value] of attempt) person.jar.set(name, value);
    const again = await person.get(back);
    expect(again.status).toBe(400);
    expect(await again.text()).toContain('was finished already');
  });

  test('leads a person who is signed in to the start page, whatever login it was, and leaves the session alone', async () => {
    const [attacker, person] = [newVisitor(auth.url), newVisitor(auth.url)];
    const back = await person.signIn(await person.start());
    expect((await person.get(back)).status).toBe(302);
    const session = person.cookies();
    const planted = await attacker.signIn(await attacker.start(), 'bob');
    for (const url of [back, planted, `${callback}?code=x`, `${callback}?error=access_denied`]) {
      const again = await person.get(url);
      expect([again.status, again.headers.get('location'), again.headers.get('cache-control')]).toEqual([
        302,
        '/',
        'no-store',
      ]);
      expect(person.cookies()).toBe(session);
    }
    expect((await auth.validate({ Cookie: session })).headers.get('x-username')).toBe('alice');
  });

  test('with a cookie that is too old or was changed is rejected', async () => {
    const person = newVisitor(auth.url);
    const back = await person.signIn(await person.start());
    const [[name, value] = ['', '']] = person.jar;
    person.jar.set(name, value.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')).replace(/\..{4}/, '.AAAA'));
    expect((await failure(await person.get(back))).status).toBe(400);
  });
});

describe('an error of Cognito', () => {
  test.each([
    ['access_denied', '', 'The login was cancelled'],
    ['invalid_request', 'invalid_scope', 'does not allow one of the scopes'],
    ['invalid_scope', '', 'does not allow one of the scopes'],
    ['server_error', 'oops', 'It said: server_error.'],
    ['<script>alert(1)</script>', '<b>', 'It said: scriptalert1script.'],
  ])('%s (%s) is explained', async (error, description, expected) => {
    const person = newVisitor(auth.url);
    const state = stateOf(await person.start());
    const query = new URLSearchParams({ error, state, ...(description && { error_description: description }) });
    const { status, html } = await failure(await person.get(`${callback}?${query}`));
    expect(status).toBe(400);
    expect(html).toContain(expected);
    expect(html).not.toMatch(/<script|<b>/);
  });

  test.each([
    [
      'invalid_request',
      'PreSignUp failed with error Only <b>example.com</b> may sign up.',
      'Only &lt;b&gt;example.com&lt;/b&gt; may sign up.',
    ],
    ['server_error', 'Invalid SAML response received: Audience restriction', 'Invalid SAML response received'],
    ['server_error', 'Already found an entry for username google_10482', 'log in once more'],
    ['access_denied', 'User is not assigned to a role', 'User is not assigned to a role'],
    ['server_error', `\u202ea\u0007b${'x'.repeat(5_000)}`, `Its reason: a b${'x'.repeat(400)}`],
  ])('%s with a description shows it as text, cut, and logs it', async (error, description, expected) => {
    const person = newVisitor(auth.url);
    const query = new URLSearchParams({ error, state: stateOf(await person.start()), error_description: description });
    const { status, html } = await failure(await person.get(`${callback}?${query}`));
    expect(status).toBe(400);
    expect(html).toContain(expected);
    expect(html).not.toMatch(/<b>|\u202e|x{600}/);
    const { provider_said } = JSON.parse(auth.lines.at(-1) ?? '');
    expect(html.replaceAll('&lt;', '<').replaceAll('&gt;', '>')).toContain(`Its reason: ${provider_said}<`);
  });

  test('at the code exchange shows its description, for which a trigger is the usual cause', async () => {
    const said = {
      error: 'invalid_request',
      error_description: 'PreTokenGeneration failed with error No <i>licence</i>.',
    };
    cognito.control.failNext('/oauth2/token', 400, said);
    const { status, html } = await failure(await newVisitor(auth.url).logIn());
    expect(status).toBe(502);
    expect(html).toContain('Its reason: PreTokenGeneration failed with error No &lt;i&gt;licence&lt;/i&gt;.');
  });

  test('invalid_client at the code exchange leads to a page about the client id and secret', async () => {
    const wrong = await startAuthServer(cognito.url, { clientSecret: 'wrong'.repeat(10) });
    try {
      const { status, html } = await failure(await newVisitor(wrong.url).logIn());
      expect(status).toBe(502);
      expect(html).toContain('does not accept the client id and secret');
    } finally {
      await wrong.close();
    }
  });

  test('that is internal at the code exchange opens no session', async () => {
    cognito.control.failNext('/oauth2/token', 500);
    const { status, html } = await failure(await newVisitor(auth.url).logIn());
    expect(status).toBe(502);
    expect(html).toContain('Tell an administrator');
  });

  test('(a token of another person) opens no session', async () => {
    const other = await cognito.control.signIn('bob', '1webclient0000000000000000');
    cognito.control.failNext('/oauth2/token', 200, other);
    const { status, html } = await failure(await newVisitor(auth.url).logIn());
    expect(status).toBe(502);
    expect(html).toContain('could not be trusted');
  });
});

describe('Cognito out of reach', () => {
  test('before the login is a 503 with an error page, and the next try works', async () => {
    const person = newVisitor(auth.url);
    cognito.control.failNext('openid-configuration', 500);
    const { status } = await failure(await person.get('/oauth2/login/cognito'));
    expect([502, 503]).toContain(status);
    expect((await person.logIn()).status).toBe(302);
  });

  test('at all times is a 503', async () => {
    const cutOff = await startAuthServer('http://127.0.0.1:1');
    try {
      const { status, html } = await failure(await newVisitor(cutOff.url).get('/oauth2/login/cognito'));
      expect(status).toBe(503);
      expect(html).toContain('Amazon Cognito cannot be reached');
    } finally {
      await cutOff.close();
    }
  });

  test('between the login and the callback is a 503, and no session', async () => {
    const person = newVisitor(auth.url);
    const back = await person.signIn(await person.start());
    await cognito.close();
    const { status, html } = await failure(await person.get(back));
    expect(status).toBe(503);
    expect(html).toContain('Amazon Cognito cannot be reached');
  });

  test('does not make the next try forget the requested page', async () => {
    const person = newVisitor(auth.url);
    const back = await person.signIn(await person.start('/servers/notes'));
    await cognito.close();
    expect(await (await person.get(back)).text()).toContain('href="/login?redirect_uri=%2Fservers%2Fnotes"');
  });

  test('does not prevent a logout', async () => {
    const person = newVisitor(auth.url);
    await person.logIn();
    await cognito.close();
    const kept = person.cookies();
    expect((await person.post('/oauth2/logout/cognito')).status).toBe(200);
    expect((await auth.validate({ Cookie: kept })).status).toBe(401);
  });
});

describe('invented authorization codes', () => {
  test('are not all sent to Cognito: that address is throttled, and others can log in', async () => {
    await auth.close();
    auth = await startAuthServer(cognito.url, { failedLogins: 3 });
    const finish = async (code: string, address: string) => {
      const visitor = newVisitor(auth.url);
      const state = stateOf(await visitor.start());
      return await visitor.get(`${callback}?code=${code}&state=${state}`, { 'x-real-ip': address });
    };
    for (let n = 0; n < 3; n++) expect((await finish(`made-up-${n}`, '203.0.113.9')).status).toBe(502);
    const over = await finish('made-up', '203.0.113.9');
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(50);
    const { status, html } = await failure(over);
    expect([status, html]).toEqual([429, expect.stringContaining('Too many logins from your network have failed')]);
    expect((await finish('made-up', '203.0.113.10')).status).toBe(502);
  });
});
