import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { type Desk, newDesk, recordingBrowser, shownAddress, signInAs } from '../../support/agents/agents-fixture.ts';
import { accessibility, launchBrowser } from '../../support/browser/browser.ts';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';
import { send } from '../../support/gateway/send.ts';
import { listen, until } from '../../support/listen.ts';

jest.setTimeout(180_000);

let gateway: Gateway;
let desk: Desk;
const wayTo = ({ url, ports }: Gateway) => ({
  REGISTRY_URL: url,
  COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${ports.cognito}`,
});
beforeAll(async () => {
  gateway = await startGateway();
}, 180_000);
afterAll(() => gateway?.stop());
beforeEach(() => {
  desk = newDesk(wayTo(gateway));
});
afterEach(() => desk.remove());

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const me = async () => JSON.parse((await desk.run(['whoami'])).out) as Record<string, unknown>;

test('A person logs in with the real command and a real browser, and the session opens pages and every server', async () => {
  const browser = await launchBrowser();
  try {
    const opened = recordingBrowser(desk);
    const running = desk.spawn(['login', '--debug'], opened.env);
    const page = await browser.newPage();
    page.setDefaultTimeout(90_000);
    const address = await opened.address();
    const [, letters = ''] = /press Allow if it shows ([A-Z]{4}-[A-Z]{4})\./.exec(running.err()) ?? [];
    await page.goto(address);
    await page.getByLabel('Username').fill('alice');
    await page.getByLabel('Password').fill('Passw0rd!');
    await page.getByLabel('Password').press('Enter');
    await page.getByRole('heading', { name: 'The command line wants to be signed in as alice' }).waitFor();
    expect(await page.getByText('does your terminal show').innerText()).toContain(letters);
    const callback = new URL(address).searchParams.get('redirect_uri') ?? '';
    const [last] = await Promise.all([
      page.waitForResponse((response) => response.url().startsWith(`${callback}?`)),
      page.getByRole('button', { name: 'Allow' }).click(),
    ]);
    await page.getByRole('heading', { name: 'You are logged in as alice' }).waitFor();
    expect((await accessibility(page)).faults).toEqual([]);
    const html = await page.content();
    expect(html).toContain('You can close this window.');
    expect(html).not.toMatch(/\beyJ|code=|<script/);
    expect(last.headers()['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(await running.ended).toMatchObject({ code: 0 });
  } finally {
    await browser.close();
  }
  expect(await me()).toMatchObject({
    kind: 'person',
    username: 'alice',
    groups: ['mcp-registry-admin'],
    gateway: gateway.url,
  });
  expect([modeOf(desk.cookieFile), modeOf(`${desk.cookieFile}.json`), modeOf(join(desk.home, '.mcp'))]).toEqual([
    '600',
    '600',
    '700',
  ]);
  expect(readFileSync(desk.cookieFile, 'utf8')).toMatch(/^eyJ[\w.-]+\n$/);
  expect(readdirSync(join(desk.home, '.mcp')).sort()).toEqual(['session_cookie', 'session_cookie.json']);
  const cookie = `mcp_gateway_session=${readFileSync(desk.cookieFile, 'utf8').trim()}`;
  expect((await fetch(`${gateway.url}/account`, { headers: { cookie } })).status).toBe(200);
  for (const server of ['currenttime', 'fininfo'])
    expect(await desk.run(['tools', server, '--use-session-cookie'])).toMatchObject({ code: 0 });
});

test('My account shows the sign-in as that of the command line, and ending it ends it within a second', async () => {
  await desk.logIn('carol');
  const cookie = await gateway.sessionCookie('carol');
  const at = (path: string, init: RequestInit = {}) =>
    fetch(gateway.url + path, { redirect: 'manual', ...init, headers: { cookie, origin: gateway.url } });
  expect(await (await at('/account')).text()).toContain('Command line');
  expect(await me()).toMatchObject({ username: 'carol' });
  const ended = await at('/account/end', { method: 'POST', body: new URLSearchParams({ all: 'sessions' }) });
  expect(ended.status).toBe(303);
  await until(async () => (await desk.run(['whoami'])).code === 3);
  expect(await (await at('/account')).text()).not.toContain('Command line');
});

describe('Without a browser on this machine', () => {
  test('the user pastes the address that the browser ended at', async () => {
    const login = await desk.logIn('bob');
    expect(login).toMatchObject({ code: 0 });
    expect(JSON.parse(login.out)).toMatchObject({
      username: 'bob',
      groups: ['mcp-registry-user'],
      file: desk.cookieFile,
    });
  });

  test.each<[string, (url: URL) => string]>([
    ['the code alone', (url) => url.searchParams.get('code') ?? ''],
    ['the part after the question mark', (url) => url.search.slice(1)],
    ['the address in quotes, with spaces around it', (url) => `  "${url}" `],
  ])('%s works as well', async (_what, cut) => {
    const login = desk.start(['login', '--no-browser']);
    login.type(cut(new URL(await signInAs('bob', await shownAddress(login)))));
    expect(await login.ended).toMatchObject({ code: 0 });
  });

  test('other text and the result of another login are rejected, and the login waits again', async () => {
    const login = desk.start(['login', '--no-browser']);
    const address = await shownAddress(login);
    login.type('hello');
    await login.said('That is not the address. Paste the whole one');
    const callback = new URL(address).searchParams.get('redirect_uri');
    login.type(`${callback}?code=abcdefgh&state=of-another-one`);
    await login.said('That is the result of another login.');
    login.type(await signInAs('bob', address));
    expect(await login.ended).toMatchObject({ code: 0 });
  });

  test("a code of another user's login opens no session, even without its state", async () => {
    const [login, other] = [desk.start(['login', '--no-browser']), desk.start(['login', '--no-browser'])];
    const code = new URL(await signInAs('alice', await shownAddress(other))).searchParams.get('code') ?? '';
    await shownAddress(login);
    login.type(code);
    expect(await login.ended).toMatchObject({ code: 3, err: expect.stringContaining('belongs to another login') });
    expect(existsSync(desk.cookieFile)).toBe(false);
    other.interrupt();
  });

  test('a browser on this machine needs no pasting', async () => {
    const login = desk.start(['login', '--no-browser']);
    const back = await signInAs('bob', await shownAddress(login));
    expect(await (await fetch(back)).text()).toContain('You are logged in as bob');
    expect(await login.ended).toMatchObject({ code: 0 });
  });
});

describe('The callback', () => {
  test('of another login gets an error page, and this login goes on', async () => {
    const opened = recordingBrowser(desk);
    const login = desk.start(['login'], opened.env);
    const back = await signInAs('bob', await opened.address());
    const wrong = new URL(back);
    wrong.searchParams.set('state', 'of-another-one');
    const stray = await fetch(wrong);
    expect([stray.status, await stray.text()]).toEqual([400, expect.stringContaining('Unexpected login')]);
    await login.said('A browser returned with another login');
    expect((await fetch(back)).status).toBe(200);
    expect(await login.ended).toMatchObject({ code: 0 });
  });

  test('answers no other path, host or method', async () => {
    const opened = recordingBrowser(desk);
    const login = desk.start(['login'], opened.env);
    const callback = new URL(new URL(await opened.address()).searchParams.get('redirect_uri') ?? '');
    const host = `evil.example:${callback.port}`;
    for (const [url, init] of [
      [new URL('/', callback), {}],
      [new URL('/other', callback), {}],
      [callback, { method: 'POST' }],
    ] as const) {
      const answer = await fetch(url, init);
      expect([answer.status, answer.headers.get('referrer-policy')]).toEqual([404, 'no-referrer']);
    }
    const rebound = await send(Number(callback.port), { method: 'GET', path: '/callback?code=x', headers: { host } });
    expect(rebound.status).toBe(404);
    login.interrupt();
    await login.ended;
  });

  test('with an answer of Deny ends the login', async () => {
    const opened = recordingBrowser(desk);
    const login = desk.start(['login'], opened.env);
    const page = await fetch(await signInAs('bob', await opened.address(), 'deny'));
    expect(await page.text()).toContain('You are not logged in');
    expect(await login.ended).toMatchObject({ code: 3, err: expect.stringContaining('The login was cancelled.') });
  });

  test('of another authorization server is not taken', async () => {
    const opened = recordingBrowser(desk);
    const login = desk.start(['login'], opened.env);
    const back = new URL(await signInAs('bob', await opened.address()));
    back.searchParams.set('iss', 'https://evil.example');
    await fetch(back);
    expect(await login.ended).toMatchObject({ code: 3, err: expect.stringContaining('not one of this gateway') });
  });
});

test('Ctrl-C ends a login, frees the port and stores nothing', async () => {
  const opened = recordingBrowser(desk);
  const login = desk.spawn(['login'], opened.env);
  const address = await opened.address();
  login.interrupt();
  expect(await login.ended).toMatchObject({ code: 130, err: expect.stringContaining('You are not logged in.') });
  await expect(fetch(new URL(address).searchParams.get('redirect_uri') ?? '')).rejects.toThrow();
  expect(existsSync(desk.cookieFile)).toBe(false);
});

test('Without a display the login shows the address instead of opening a browser', async () => {
  const login = desk.start(['login']);
  await login.said('Open this address in a browser:');
  login.interrupt();
  await login.ended;
});

test.each<[string, () => string, string]>([
  [
    'the registry behind the gateway',
    () => `http://localhost:${gateway.ports.registry}`,
    'is the registry itself, behind the gateway',
  ],
  [
    'the auth-server',
    () => `http://localhost:${gateway.ports.authServer}`,
    'is not the address of the gateway, which is',
  ],
  ['another spelling', () => gateway.url.replace('localhost', '127.0.0.1'), 'REGISTRY_URL'],
])(
  'REGISTRY_URL that names %s is rejected before the login, with the correct address if it is known',
  async (what, url, says) => {
    const refused = await desk.run(['login'], { REGISTRY_URL: url() });
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining(says)]);
    if (what !== 'another spelling') expect(refused.err).toContain(`REGISTRY_URL=${gateway.url}`);
  },
);

test('Logout ends the session at the gateway, so that a copy of the cookie stops working', async () => {
  await desk.logIn('bob');
  const copy = desk.file('copy', readFileSync(desk.cookieFile, 'utf8'));
  expect(statSync(copy).mode & 0o077).not.toBe(0);
  const kept = newDesk(wayTo(gateway));
  writeFileSync(join(kept.home, 'copy'), readFileSync(copy), { mode: 0o600 });
  expect(await kept.run(['whoami', '--session-cookie-file', join(kept.home, 'copy')])).toMatchObject({ code: 0 });
  expect(await desk.run(['logout'])).toMatchObject({ code: 0 });
  expect(existsSync(desk.cookieFile)).toBe(false);
  const after = await kept.run(['whoami', '--session-cookie-file', join(kept.home, 'copy')]);
  expect(after).toMatchObject({ code: 3, err: expect.stringContaining('Log in again: mcp-gateway login') });
  expect(await desk.run(['whoami'])).toMatchObject({ code: 3, err: expect.stringContaining('You are not logged in.') });
  expect(await desk.run(['logout'])).toMatchObject({ code: 0 });
  kept.remove();
});

test('Logout without the gateway deletes the session here, and says what it could not do', async () => {
  await desk.logIn('bob');
  const about = JSON.parse(readFileSync(`${desk.cookieFile}.json`, 'utf8'));
  writeFileSync(`${desk.cookieFile}.json`, JSON.stringify({ ...about, gateway: 'http://localhost:9' }));
  const out = await desk.run(['logout']);
  expect([out.code, existsSync(desk.cookieFile)]).toEqual([1, false]);
  expect(out.err).toContain('but the gateway may accept it until it expires');
});

describe('A stored session', () => {
  let logged: Desk;
  // Logs in once, because the gateway accepts twenty logins a minute from one address.
  beforeAll(async () => {
    logged = newDesk(wayTo(gateway));
    await logged.logIn('bob');
  });
  afterAll(() => logged?.remove());
  beforeEach(() => cpSync(join(logged.home, '.mcp'), join(desk.home, '.mcp'), { recursive: true }));
  const changeAbout = (change: object) => {
    const about = JSON.parse(readFileSync(`${desk.cookieFile}.json`, 'utf8'));
    writeFileSync(`${desk.cookieFile}.json`, JSON.stringify({ ...about, ...change }));
  };

  test('that has expired is reported as expired, without any request', async () => {
    changeAbout({ expires_at: 1 });
    const { code, err } = await desk.run(['servers', '--use-session-cookie']);
    expect([code, err]).toEqual([3, expect.stringContaining('The session of bob has expired')]);
    expect(err).toContain('mcp-gateway login');
  });

  test('is sent only to the gateway that issued it', async () => {
    const seen: string[] = [];
    const other = createServer((socket) => socket.on('data', (data) => seen.push(String(data))).end());
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { code, err } = await desk.run(['whoami', '--gateway', `http://127.0.0.1:${port}`]);
    expect([code, err, seen]).toEqual([3, expect.stringContaining(`You are logged in at ${gateway.url}`), []]);
    other.close();
  });

  test('that other users may read is not used', async () => {
    const open = desk.file('open', readFileSync(desk.cookieFile, 'utf8'));
    const { code, err } = await desk.run(['whoami', '--session-cookie-file', open]);
    expect([code, err]).toEqual([2, expect.stringContaining('Other users of this machine may read your session')]);
  });

  test('works from the cookie alone, as the original’s agents store it', async () => {
    const bare = join(desk.home, 'bare');
    writeFileSync(bare, readFileSync(desk.cookieFile), { mode: 0o600 });
    const { code, out } = await desk.run(['whoami', '--session-cookie-file', bare]);
    expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ username: 'bob', expires_at: null })]);
  });

  test.each(['', 'two\nlines', 'a; b=c'])('with an invalid cookie (%j) is not sent', async (text) => {
    writeFileSync(desk.cookieFile, text);
    const { code, err } = await desk.run(['whoami']);
    expect([code, err]).toEqual([3, expect.stringContaining('There is no session cookie')]);
  });
});

test('A SECRET_KEY is not used, and the login needs nothing but the address of the gateway', async () => {
  const envFile = desk.file('user', `SECRET_KEY=${'ab'.repeat(32)}`);
  const { code, err } = await desk.logIn('bob', ['--env-file', envFile]);
  expect([code, err]).toEqual([0, expect.stringContaining('SECRET_KEY in')]);
  expect(err).toContain('is not used: a login does not need it.');
  expect(err).not.toContain('abab');
});

test('A gateway of an older release is named, with what to do', async () => {
  const older = await listen((req, res) => {
    res.statusCode = req.url === '/health' ? 200 : 404;
    res.end(JSON.stringify(req.url === '/health' ? { status: 'up', 'auth-server': 'up' } : { error: 'no' }));
  });
  try {
    const { code, err } = await desk.run(['login'], { REGISTRY_URL: `http://localhost:${older.port}` });
    expect([code, err]).toEqual([1, expect.stringContaining('is older than this mcp-gateway')]);
    expect(err).toContain('Log in with the mcp-gateway of its own version, or ask its operator to update it.');
  } finally {
    await older.close();
  }
});

test('--debug shows every request, and no token, cookie, code or secret', async () => {
  const running = desk.start(['login', '--no-browser', '--debug']);
  const back = await signInAs('bob', await shownAddress(running));
  running.type(back);
  const login = { ...(await running.ended), code: new URL(back).searchParams.get('code') ?? '' };
  const cookie = readFileSync(desk.cookieFile, 'utf8').trim();
  const words = ['current_time_by_timezone', 'tz_name=Asia/Tokyo', '--debug'];
  const asPerson = await desk.run(['call', 'currenttime', ...words, '--use-session-cookie']);
  const asAgent = await desk.run(['call', 'currenttime', ...words]);
  const out = await desk.run(['logout', '--debug']);
  const token = (await desk.run(['token'])).out.trim();
  const errs = [login.err, asPerson.err, asAgent.err, out.err].join('\n');
  for (const request of [
    /debug POST \S+\/oauth2\/session 200/,
    /debug the gateway's code is not_permitted/,
    /debug POST \S+\/oauth2\/logout\/cognito 200/,
  ])
    expect(errs).toMatch(request);
  expect(token.length).toBeGreaterThan(100);
  for (const secret of [cookie, token, login.code, 'agentsecret']) expect(errs.includes(secret)).toBe(false);
  expect(errs).not.toMatch(/\beyJ|Bearer /);
});
