import { CALLBACK, CLI, CLI_CALLBACK, useCognito, WEB } from '../../support/stand-in/cognito-fixture.ts';
import { type Browser, hidden, locationOf, newBrowser, submitSignIn } from '../../support/stand-in/hosted-login.ts';

const UUID = expect.stringMatching(/^[0-9a-f-]{36}$/);
const cognito = useCognito();
const { authorizeUrl } = cognito;

describe('the sign-in page', () => {
  let browser: Browser;
  beforeEach(() => {
    browser = newBrowser();
  });

  test('remembers a browser for an hour and no longer', async () => {
    await submitSignIn(browser, authorizeUrl(), 'alice');
    expect(locationOf(await browser.get(authorizeUrl())).searchParams.get('code')).toEqual(UUID);
    expect(locationOf(await browser.get(authorizeUrl({ prompt: 'login' }))).pathname).toBe('/login');
    cognito.advance(3601);
    expect(locationOf(await browser.get(authorizeUrl())).pathname).toBe('/login');
  });

  test.each([
    ['a wrong password', 'alice', 'wrong', 'Incorrect username or password.'],
    ['an unknown name', 'mallory', 'Passw0rd!', 'Incorrect username or password.'],
    ['a disabled person', 'grace', 'Passw0rd!', 'User is disabled.'],
    ['a disabled person with a wrong password', 'grace', 'wrong', 'Incorrect username or password.'],
  ])('rejects %s and keeps the typed name', async (_case, username, password, message) => {
    const response = await submitSignIn(browser, authorizeUrl(), username, password);
    const html = await response.text();
    expect(response.status).toBe(400);
    expect(html).toContain(`role="alert" id="problem">${message}`);
    expect(html).toContain(`value="${username}"`);
    expect(locationOf(await browser.get(authorizeUrl())).pathname).toBe('/login');
  });

  test('rejects a form that did not come from it', async () => {
    const login = locationOf(await browser.get(authorizeUrl()));
    const form = { username: 'alice', password: 'Passw0rd!' };
    expect((await browser.post(login, { ...form, _csrf: 'a'.repeat(32) })).status).toBe(403);
    await browser.get(login);
    expect((await browser.post(login, { ...form, _csrf: 'a'.repeat(32) })).status).toBe(403);
    expect((await browser.post(login, form)).status).toBe(403);
  });

  test('asks a person with a temporary password for a new one, and continues with it', async () => {
    const login = locationOf(await browser.get(authorizeUrl()));
    const page = await (await submitSignIn(browser, authorizeUrl(), 'frank')).text();
    const [_csrf, challenge] = [hidden(page, '_csrf'), hidden(page, 'challenge')];
    const change = (next: string, again = next) =>
      browser.post(login.href.replace('/login', '/changePassword'), {
        _csrf,
        challenge,
        new_password: next,
        confirm_password: again,
      });
    expect((await change('N3w-password', 'other')).status).toBe(400);
    expect((await change('weak')).status).toBe(400);
    expect((await change('Passw0rd!')).status).toBe(400);
    expect(locationOf(await change('N3w-password')).searchParams.get('code')).toEqual(UUID);
    expect((await change('An0ther-one')).status).toBe(403);
    cognito.pool.control.updatePerson('frank', { status: 'FORCE_CHANGE_PASSWORD' });
    expect((await change('An0ther-one')).status).toBe(403);
    cognito.pool.control.updatePerson('frank', { status: 'CONFIRMED' });
    expect(await (await browser.get(login)).text()).not.toContain('N3w-password');
    const back = await submitSignIn(newBrowser(), authorizeUrl(), 'frank', 'N3w-password');
    expect(locationOf(back).searchParams.get('code')).toEqual(UUID);
  });

  test('runs no script, cannot be framed, and says that it is not Amazon Cognito', async () => {
    const response = await browser.get(
      locationOf(await browser.get(authorizeUrl({ login_hint: '"><script>alert(1)</script>' }))),
    );
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none';style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self' http://localhost:8080");
    expect(response.headers.get('cache-control')).toBe('no-store');
    const html = await response.text();
    expect(html).toContain('Local stand-in, not Amazon Cognito');
    expect(html).not.toContain('<script');
    expect((await browser.get(`${cognito.pool.url}/style.css`)).headers.get('content-type')).toContain('text/css');
  });
});

describe('the authorize endpoint', () => {
  test.each<[string, Record<string, string | undefined>, string]>([
    ['an unregistered callback', { redirect_uri: 'http://evil.example/x' }, 'redirect_mismatch'],
    ['another port', { redirect_uri: 'http://localhost:8081/oauth2/callback/cognito' }, 'redirect_mismatch'],
    [
      'an address instead of localhost',
      { redirect_uri: 'http://127.0.0.1:8080/oauth2/callback/cognito' },
      'redirect_mismatch',
    ],
    ['an extra slash', { redirect_uri: `${CALLBACK}/` }, 'redirect_mismatch'],
    ['no callback', { redirect_uri: undefined }, 'redirect_mismatch'],
    ['an unknown client', { client_id: 'unknown' }, 'invalid_request'],
  ])('shows its own error page for %s', async (_case, change, error) => {
    const page = locationOf(await newBrowser().get(authorizeUrl(change)));
    expect(page.origin + page.pathname).toBe(`${cognito.pool.url}/error`);
    expect(page.searchParams.get('error')).toBe(error);
    const shown = await fetch(page);
    expect(shown.status).toBe(400);
    expect(await shown.text()).toContain(error);
  });

  test.each<[string, Record<string, string | undefined>, string]>([
    ['no response_type', { response_type: undefined }, 'error=invalid_request'],
    ['the implicit flow', { response_type: 'token' }, 'error=unauthorized_client'],
    ['a plain challenge', { code_challenge: 'x', code_challenge_method: 'plain' }, 'error=invalid_request'],
    ['a challenge without method', { code_challenge: 'x' }, 'error=invalid_request'],
    ['no challenge from a public client', { client_id: CLI, redirect_uri: CLI_CALLBACK }, 'error=invalid_request'],
    [
      'offline_access',
      { scope: 'openid offline_access' },
      'error_description=invalid_scope&state=s1&error=invalid_request',
    ],
    ['a scope the client lacks', { scope: 'openid phone' }, 'error_description=invalid_scope'],
    ['email without openid', { scope: 'email' }, 'error_description=invalid_scope'],
    ['an http resource elsewhere', { resource: 'http://example.com/mcp' }, 'error_description=invalid+resource'],
    ['prompt=none without a session', { prompt: 'none' }, 'error=login_required'],
    ['an unknown provider', { identity_provider: 'Google' }, 'error=invalid_request'],
  ])('tells the callback about %s', async (_case, change, error) => {
    const back = locationOf(await newBrowser().get(authorizeUrl(change)));
    expect(back.href).toMatch(/^http:\/\/localhost:(8080|9090)\//);
    expect(back.search).toContain(error);
    expect(back.searchParams.get('state')).toBe('s1');
    expect(back.searchParams.has('code')).toBe(false);
  });

  test('rejects a duplicate parameter, and never chooses one of two callbacks', async () => {
    const twice = locationOf(await newBrowser().get(`${authorizeUrl()}&scope=openid`));
    expect(twice.searchParams.get('error')).toBe('invalid_request');
    const callbacks = `${authorizeUrl()}&redirect_uri=${encodeURIComponent('http://evil.example/')}`;
    expect(locationOf(await newBrowser().get(callbacks)).pathname).toBe('/error');
  });
});

describe('logout', () => {
  const HOME = 'http://localhost:8080/login';
  test('with a registered sign-out URL goes there and ends the browser session', async () => {
    const browser = newBrowser();
    await submitSignIn(browser, authorizeUrl(), 'alice');
    const out = await browser.get(`${cognito.pool.url}/logout?client_id=${WEB}&logout_uri=${encodeURIComponent(HOME)}`);
    expect(locationOf(out).href).toBe(HOME);
    expect(locationOf(await browser.get(authorizeUrl())).pathname).toBe('/login');
  });

  test('with a registered callback and response_type goes to the sign-in page', async () => {
    const query = new URLSearchParams({ client_id: WEB, redirect_uri: CALLBACK, response_type: 'code' });
    const login = locationOf(await newBrowser().get(`${cognito.pool.url}/logout?${query}`));
    expect(login.pathname).toBe('/login');
    expect((await fetch(login)).status).toBe(200);
  });

  test.each<[string, Record<string, string>, string]>([
    ['an unregistered URL', { client_id: WEB, logout_uri: 'http://evil.example/' }, 'redirect_mismatch'],
    ['an unregistered callback', { client_id: WEB, redirect_uri: HOME, response_type: 'code' }, 'redirect_mismatch'],
    ['a callback without response_type', { client_id: WEB, redirect_uri: CALLBACK }, 'invalid_request'],
    ['an unknown client', { client_id: 'unknown', logout_uri: HOME }, 'invalid_request'],
  ])('rejects %s and leaves the browser signed in', async (_case, query, error) => {
    const browser = newBrowser();
    await submitSignIn(browser, authorizeUrl(), 'alice');
    const page = locationOf(await browser.get(`${cognito.pool.url}/logout?${new URLSearchParams(query)}`));
    expect([page.pathname, page.searchParams.get('error')]).toEqual(['/error', error]);
    expect(locationOf(await browser.get(authorizeUrl())).searchParams.has('code')).toBe(true);
  });

  test('ignores the parameters of OpenID Connect', async () => {
    const response = await fetch(
      `${cognito.pool.url}/logout?client_id=${WEB}&post_logout_redirect_uri=${encodeURIComponent(HOME)}`,
    );
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('redirect_uri&#39; is not present');
  });
});
