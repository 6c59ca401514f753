import { setTimeout as sleep } from 'node:timers/promises';
import type { Control } from '../../stand-in/control.ts';
import { withoutStatements } from '../support/audit/statements-in-log.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { openStream } from '../support/gateway/open-stream.ts';
import { type OwnPool, takeOverPool } from '../support/gateway/own-pool.ts';
import { type Answer, rpc, send } from '../support/gateway/send.ts';
import { answerSoon } from '../support/listen.ts';
import { newDatabase } from '../support/postgres/databases.ts';
import { type Line, openLine } from '../support/postgres/line.ts';
import { locationOf, newBrowser, submitSignIn } from '../support/stand-in/hosted-login.ts';

const maxAgeSeconds = 6;
let gateway: Gateway;
let line: Line;
let pool: Control;
let ownPool: OwnPool;

/** A gateway on PostgreSQL. Its user pool runs in this process, where the test can change its people. */
beforeAll(async () => {
  line = await openLine(await newDatabase());
  const settings = {
    DATABASE_URL: line.url,
    GROUPS_MAX_AGE: String(maxAgeSeconds / 60),
    COGNITO_CLI_CLIENT_ID: '2cliclient0000000000000000',
  };
  gateway = await startGateway(settings, [], { processes: ['auth-server'] });
  ownPool = await takeOverPool(gateway);
  pool = ownPool.control;
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  await ownPool?.close();
  await line?.close();
});
beforeEach(() => {
  gateway.echo.reset();
  gateway.echo.answer = (res, { method }) => {
    if (method !== 'GET') return void res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n');
  };
});

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const call = async (cookie: string) => {
  const body = rpc('tools/call', { name: 'look' });
  const answer = await send(gateway.ports.gateway, { path: '/echo/mcp', headers: { ...json, cookie }, body });
  const { error } = JSON.parse(answer.body) as { error?: { data: { reason: string } } };
  return { status: answer.status, reason: error?.data.reason, retryAfter: answer.headers['retry-after'] };
};
/** Calls four times a second until a call is denied. Returns the answer and the seconds until then. */
const callUntilRefused = async (cookie: string) => {
  const began = performance.now();
  for (;;) {
    const answer = await call(cookie);
    const seconds = (performance.now() - began) / 1000;
    if (answer.reason !== undefined || seconds > maxAgeSeconds + 3) return { ...answer, seconds };
    await sleep(250);
  }
};
const stream = (cookie: string) =>
  openStream(gateway.ports.gateway, { path: '/echo/mcp', headers: { ...json, cookie } });

describe('Within GROUPS_MAX_AGE, without a new login,', () => {
  test('a person who is removed from all groups loses the rights of those groups, and their streams end', async () => {
    const cookie = await gateway.sessionCookie('alice');
    const opened = await stream(cookie);
    expect(opened.status).toBe(200);
    pool.updatePerson('alice', { groups: [] });
    const refused = await callUntilRefused(cookie);
    expect(refused).toMatchObject({ status: 200, reason: 'not_permitted' });
    expect(refused.seconds).toBeLessThan(maxAgeSeconds);
    const since = performance.now();
    expect((await opened.ended) - since).toBeLessThan(5_000);
    pool.updatePerson('alice', { groups: ['mcp-registry-admin'] });
  }, 180_000);

  test('a person who is disabled in the user pool is refused', async () => {
    const cookie = await gateway.sessionCookie('alice');
    pool.updatePerson('alice', { status: 'DISABLED' });
    const refused = await callUntilRefused(cookie);
    expect(refused).toMatchObject({ status: 401, reason: 'session_ended' });
    expect(refused.seconds).toBeLessThan(maxAgeSeconds);
    pool.updatePerson('alice', { status: 'CONFIRMED' });
  }, 180_000);

  test('a stream also ends if its person sends no other request, and cannot be opened again', async () => {
    const cookie = await gateway.sessionCookie('alice');
    const opened = await stream(cookie);
    pool.updatePerson('alice', { status: 'DISABLED' });
    const began = performance.now();
    expect(((await opened.ended) - began) / 1000).toBeLessThan(maxAgeSeconds + 1);
    expect((await stream(cookie)).status).toBe(401);
    pool.updatePerson('alice', { status: 'CONFIRMED' });
  }, 180_000);
});

test('While the pool does not answer, calls are allowed until GROUPS_MAX_AGE and then get 503, until the pool is back', async () => {
  const cookie = await gateway.sessionCookie('alice');
  await ownPool.close();
  const refused = await callUntilRefused(cookie);
  expect(refused).toMatchObject({ status: 503, reason: 'groups_unconfirmed', retryAfter: '1' });
  expect(refused.seconds).toBeGreaterThan(maxAgeSeconds - 2);
  await ownPool.open();
  let answer = await call(cookie);
  for (let tries = 0; tries < 100 && answer.status === 503; tries++) {
    await sleep(250);
    answer = await call(cookie);
  }
  expect(answer.status).toBe(200);
}, 180_000);

test('A session survives a crash of the auth-server', async () => {
  const cookie = await gateway.sessionCookie('alice');
  await gateway.kill('auth-server');
  await gateway.revive('auth-server');
  expect(await answerSoon(async () => (await call(cookie)).status, 200)).toBe(200);
}, 180_000);

test('While PostgreSQL is down, a session that is not cached gets 503, and the auth-server reconnects by itself', async () => {
  const cookie = await gateway.sessionCookie('alice');
  await line.cut();
  const refused = await call(cookie).finally(() => line.restore());
  expect(refused).toMatchObject({
    status: 503,
    reason: expect.stringMatching(/^(store_unavailable|decision_too_slow)$/),
  });
  let answer = await call(cookie);
  for (let tries = 0; tries < 100 && answer.status === 503; tries++) {
    await sleep(250);
    answer = await call(cookie);
  }
  expect(answer.status).toBe(200);
}, 180_000);

/** Opens the callback as the browser that started the login does after the sign-in at Cognito. */
async function startedLogin(person = 'alice') {
  const browser = newBrowser();
  const start = await browser.get(`${gateway.url}/oauth2/login/cognito`);
  const cookie = start.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const back = locationOf(await submitSignIn(newBrowser(), locationOf(start), person));
  return { browser, cookie, back };
}
const visit = async (url: URL, cookie?: string) => {
  const answer = await fetch(url, { redirect: 'manual', headers: cookie ? { cookie } : {} });
  return { status: answer.status, text: await answer.text(), cookies: answer.headers.getSetCookie() };
};
const opensSession = ({ cookies }: { cookies: string[] }) =>
  cookies.some((line) => /^mcp_gateway_session=[^;]/.test(line));

describe('A login', () => {
  test('cannot be finished a second time, not even with a copy of its cookie', async () => {
    const { browser, cookie, back } = await startedLogin();
    expect((await browser.get(back)).status).toBe(302);
    const again = await visit(back, cookie);
    expect([again.status, opensSession(again)]).toEqual([400, false]);
    expect(again.text).toContain('was finished already');
  });

  test('finishes once if its callback is opened twice at the same moment', async () => {
    const { cookie, back } = await startedLogin();
    const both = await Promise.all([visit(back, cookie), visit(back, cookie)]);
    expect(both.filter(opensSession)).toHaveLength(1);
  });

  test.each<[string, (own: string, other: string) => string | undefined]>([
    ['without its cookie', () => undefined],
    ['in another browser', (_own, other) => other],
  ])('%s is refused with a page that says what to do', async (_how, cookieOf) => {
    const [one, two] = [await startedLogin(), await startedLogin('bob')];
    const answer = await visit(one.back, cookieOf(one.cookie, two.cookie));
    expect([answer.status, opensSession(answer)]).toEqual([400, false]);
    expect(answer.text).toContain('Start again');
  });

  test('succeeds in each of three tabs of one browser, in any order', async () => {
    const browser = newBrowser();
    const tabs: URL[] = [];
    for (let tab = 0; tab < 3; tab++) {
      const start = await browser.get(`${gateway.url}/oauth2/login/cognito`);
      tabs.push(locationOf(await submitSignIn(newBrowser(), locationOf(start), 'alice')));
    }
    for (const back of tabs.reverse()) expect((await browser.get(back)).status).toBe(302);
  });

  test.each([
    ['two minutes ahead', 120, 302],
    ['two minutes behind', -120, 302],
    ['two hours behind, so that its tokens have expired', -7200, 502],
  ])('at a pool whose clock is %s: %d s, %d', async (_how, seconds, expected) => {
    pool.skew(seconds);
    try {
      const { browser, back } = await startedLogin();
      expect((await browser.get(back)).status).toBe(expected);
    } finally {
      pool.skew(0);
    }
  });
});

describe('POST /oauth2/session, through nginx, for a command line before 0.2.0,', () => {
  const cli = '2cliclient0000000000000000';
  const path = '/oauth2/session';
  const type = { 'content-type': 'application/json' };
  const freshLogin = async () => {
    const { id_token, access_token, refresh_token } = await pool.signIn('alice', cli);
    return JSON.stringify({ id_token, access_token, refresh_token });
  };
  const post = (body: string, headers: Record<string, string> = {}) =>
    send(gateway.ports.gateway, { path, headers: { ...type, ...headers }, body });
  const codeOf = ({ status, body }: Answer) => [status, JSON.parse(body).error?.code];

  test('exchanges a fresh login for a session, once', async () => {
    const body = await freshLogin();
    const answer = await post(body);
    expect([answer.status, answer.headers['cache-control'], answer.headers['set-cookie']]).toEqual([
      200,
      'no-store',
      undefined,
    ]);
    const { cookie_name, cookie, username } = JSON.parse(answer.body);
    expect(username).toBe('alice');
    expect((await call(`${cookie_name}=${cookie}`)).status).toBe(200);
    expect(codeOf(await post(body))).toEqual([401, 'login_used']);
  });

  test.each<[string, (body: string) => Promise<Answer>, number, string | undefined]>([
    ['a page of ours', (body) => post(body, { origin: gateway.url }), 403, 'origin_not_allowed'],
    ['a page of another site', (body) => post(body, { origin: 'https://evil.example' }), 403, 'origin_not_allowed'],
    ['a browser', (body) => post(body, { 'sec-fetch-site': 'none' }), 403, 'origin_not_allowed'],
    ['a form', (body) => post(body, { 'content-type': 'text/plain' }), 415, 'type_not_accepted'],
    ['an incomplete body', (body) => post(body.slice(0, -10)), 400, 'request_unreadable'],
    ['100 kB', () => post(JSON.stringify({ id_token: 'x'.repeat(100_000) })), 413, 'body_too_large'],
    ['GET', () => send(gateway.ports.gateway, { method: 'GET', path }), 404, 'not_found'],
    [
      'a session cookie in place of tokens',
      async () => post('{}', { cookie: await gateway.sessionCookie('alice') }),
      400,
      'request_unreadable',
    ],
  ])('refuses %s', async (_what, ask, status, code) => {
    expect(codeOf(await ask(await freshLogin()))).toEqual([status, code]);
  });

  test('accepts twenty tries a minute from one address, even if the client claims other addresses', async () => {
    const answers: Answer[] = [];
    for (let tries = 0; tries < 21; tries++) {
      const claimed = `192.0.2.${tries}`;
      answers.push(await post('{}', { 'x-real-ip': claimed, 'x-forwarded-for': claimed }));
    }
    const last = answers.at(-1);
    expect([last?.status, Number(last?.headers['retry-after']) > 0]).toEqual([429, true]);
  });

  test('leaves no token in any log', () => {
    const log = withoutStatements(gateway.log).join('\n');
    expect(log).toContain('login not exchanged');
    expect(log).not.toMatch(/eyJ/);
  });
});
