import { CALLBACK, WEB } from '../../support/stand-in/cognito-fixture.ts';
import { type Browser, hidden, locationOf, newBrowser, submitSignIn } from '../../support/stand-in/hosted-login.ts';
import { ask, type Behaviour, type Cognito, leadsTo, signedIn, tokensFor } from './behaviour.ts';

const page = 'AWS: Logout endpoint';
const HOME = 'http://localhost:8080/login';
const logout = async (cognito: Cognito, query: Record<string, string>, browser: Browser = newBrowser()) => {
  const response = await browser.get(`${cognito.pool.url}/logout?${new URLSearchParams(query)}`);
  return response.status === 302 ? leadsTo(cognito, response) : `${response.status} ${await response.text()}`;
};
const shown = async (response: Promise<Response>) => {
  const answer = await response;
  return answer.status === 302 ? 'signed in' : (/id="problem">([^<]*)/.exec(await answer.text())?.[1] ?? answer.status);
};
const signIn = (cognito: Cognito, name: string, password?: string) =>
  shown(submitSignIn(newBrowser(), cognito.authorizeUrl(), name, password));
const newPassword = async (cognito: Cognito, password: string) => {
  const browser = newBrowser();
  const login = locationOf(await browser.get(cognito.authorizeUrl()));
  const html = await (await submitSignIn(browser, cognito.authorizeUrl(), 'frank')).text();
  const form = { _csrf: hidden(html, '_csrf'), challenge: hidden(html, 'challenge') };
  const path = login.href.replace('/login', '/changePassword');
  return shown(browser.post(path, { ...form, new_password: password, confirm_password: password }));
};

/** The sign-in pages, their browser session, and /logout. */
export const pageBehaviours: Behaviour[] = [
  ['The right password leads back with a code', 'assumed', (c) => signIn(c, 'alice'), 'signed in'],
  [
    'A wrong password and an unknown name get the same message',
    'assumed',
    async (c) => [await signIn(c, 'alice', 'wrong'), await signIn(c, 'mallory')],
    ['Incorrect username or password.', 'Incorrect username or password.'],
  ],
  [
    'A disabled person is told so, if the password is right',
    'assumed',
    async (c) => [await signIn(c, 'grace'), await signIn(c, 'grace', 'wrong')],
    ['User is disabled.', 'Incorrect username or password.'],
  ],
  [
    'A person with a temporary password (FORCE_CHANGE_PASSWORD) must choose another first',
    'assumed',
    async (c) => [
      await signIn(c, 'frank'),
      await newPassword(c, 'N3w-password'),
      await signIn(c, 'frank', 'N3w-password'),
    ],
    [200, 'signed in', 'signed in'],
  ],
  [
    'A new password has 8 characters, upper and lower case, a digit and a symbol',
    'assumed',
    (c) => newPassword(c, 'password'),
    expect.stringContaining('Use 8 characters or more'),
  ],
  [
    'A browser stays signed in for an hour',
    page,
    async (c) => {
      const browser = await signedIn(c);
      const before = await ask(c, {}, browser);
      c.advance(3601);
      return [before, await ask(c, {}, browser)];
    },
    ['callback with a code', '/login'],
  ],
  [
    'A global sign-out leaves the browser signed in',
    'AWS: Revoking tokens',
    async (c) => {
      const browser = await signedIn(c);
      c.pool.control.globalSignOut('alice');
      return ask(c, {}, browser);
    },
    'callback with a code',
  ],
  [
    'A disabled person is signed out',
    'assumed',
    async (c) => {
      const browser = await signedIn(c);
      c.pool.control.updatePerson('alice', { status: 'DISABLED' });
      return ask(c, {}, browser);
    },
    '/login',
  ],
  [
    'A form that did not come from the page is refused',
    'assumed',
    async (c) => {
      const login = locationOf(await newBrowser().get(c.authorizeUrl()));
      return (await newBrowser().post(login, { username: 'alice', password: 'Passw0rd!' })).status;
    },
    403,
  ],
  [
    'Logout with a registered sign-out URL goes there, and signs the browser out',
    page,
    async (c) => {
      const browser = await signedIn(c);
      await logout(c, { client_id: WEB, logout_uri: HOME }, browser);
      return ask(c, {}, browser);
    },
    '/login',
  ],
  [
    'Logout does not end tokens already given',
    page,
    async (c) => {
      const tokens = await tokensFor(c);
      await logout(c, { client_id: WEB, logout_uri: HOME }, await signedIn(c));
      return (await c.refresh(tokens.refresh_token)).status;
    },
    200,
  ],
  [
    'Logout with a registered callback and response_type goes to the sign-in page',
    page,
    (c) => logout(c, { client_id: WEB, redirect_uri: CALLBACK, response_type: 'code' }),
    '/login',
  ],
  [
    'Logout to an address that is not registered ends on the error page',
    page,
    (c) => logout(c, { client_id: WEB, logout_uri: 'http://evil.example/' }),
    'error page redirect_mismatch',
  ],
  [
    'A callback is not a sign-out URL',
    page,
    (c) => logout(c, { client_id: WEB, logout_uri: CALLBACK }),
    'error page redirect_mismatch',
  ],
  [
    'Logout with a callback and no response_type, or of an unknown client, is invalid_request',
    'assumed',
    async (c) => [
      await logout(c, { client_id: WEB, redirect_uri: CALLBACK }),
      await logout(c, { client_id: 'unknown', logout_uri: HOME }),
    ],
    ['error page invalid_request', 'error page invalid_request'],
  ],
  [
    'A refused logout leaves the browser signed in',
    'assumed',
    async (c) => {
      const browser = await signedIn(c);
      await logout(c, { client_id: WEB, logout_uri: 'http://evil.example/' }, browser);
      return ask(c, {}, browser);
    },
    'callback with a code',
  ],
  [
    "Logout ignores OpenID's post_logout_redirect_uri and id_token_hint",
    'seen: streamlit #14601',
    (c) => logout(c, { client_id: WEB, post_logout_redirect_uri: HOME, id_token_hint: 'x' }),
    expect.stringMatching(/^400 [\s\S]*Required String parameter &#39;redirect_uri&#39; is not present/),
  ],
];
