import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import cookieParser from 'cookie-parser';
import express from 'express';
import { EncryptJWT } from 'jose';
import { createSessionCookie } from '../../../../auth-server/identity/cookie/session-cookie.ts';
import { createLoginAttempts, type KeptAttempt } from '../../../../auth-server/login/login-attempts.ts';
import { purposeKey } from '../../../../common/identity/purpose-key.ts';

const secret = '0123456789abcdef0123456789abcdef';
const other = 'fedcba9876543210fedcba9876543210';
const state = 'abcdefghijklmnopqrstuvwxyz-_0123456789';
const attempt: KeptAttempt = { state, nonce: 'n', verifier: 'v', next: '/servers', provider: 'cognito' };
const name = `mcp_gateway_login_${state.slice(0, 16)}`;

/** Handles attempts and the session cookie as `login.ts` does, and nothing else. */
function serve(secure: boolean): Server {
  const attempts = createLoginAttempts([secret, other], secure);
  const session = createSessionCookie(secure ? 'https://gw.example' : 'http://localhost:8080');
  const app = express().use(cookieParser());
  app.get('/keep', async (_req, res) => {
    await attempts.keep(res, attempt);
    res.end();
  });
  app.get('/take', async (req, res) => void res.json((await attempts.take(req, res, req.query.state)) ?? null));
  app.get('/prune', (req, res) => {
    attempts.prune(req, res);
    res.end();
  });
  app.get('/set', (_req, res) => {
    session.set(res, 'value', 3600);
    res.end();
  });
  app.get('/clear', (_req, res) => {
    session.clear(res);
    res.end();
  });
  return app.listen(0, '127.0.0.1');
}
const [plain, secure] = [serve(false), serve(true)];
beforeAll(() => Promise.all([plain, secure].map(async (server) => server.listening || once(server, 'listening'))));
afterAll(() => {
  for (const server of [plain, secure]) {
    server.closeAllConnections();
    server.close();
  }
});
const go = (path: string, cookies: Record<string, string> = {}, server = plain) => {
  const cookie = Object.entries(cookies).map((pair) => pair.join('='));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return fetch(url, { headers: { cookie: cookie.join('; ') } });
};
const kept = async () => {
  const [line = ''] = (await go('/keep')).headers.getSetCookie();
  return /^[^=]+=([^;]+)/.exec(line)?.[1] ?? '';
};
const take = (value: string, asked = `state=${state}`, as = name) => go(`/take?${asked}`, { [as]: value });
const now = () => Math.floor(Date.now() / 1000);

/** A valid sealed attempt. Each test changes one thing; a claim of `undefined` is left out. */
function sealed(change: Record<string, unknown> = {}, key = purposeKey(secret, 'login')) {
  return new EncryptJWT({ ...attempt, aud: 'login', iat: now(), exp: now() + 60, ...change })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(key);
}

describe('an attempt to log in', () => {
  test('is returned as it was stored, and deleted from the browser', async () => {
    const response = await take(await kept());
    expect(await response.json()).toMatchObject(attempt);
    expect(response.headers.getSetCookie()).toEqual([
      `${name}=; Path=/oauth2; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax`,
    ]);
  });

  test('is kept for ten minutes, for the login only, and unreadable to scripts', async () => {
    const [line] = (await go('/keep')).headers.getSetCookie();
    expect(line).toMatch(
      new RegExp(`^${name}=[\\w.-]+; Max-Age=600; Path=/oauth2; Expires=[^;]+; HttpOnly; SameSite=Lax$`),
    );
  });

  test('on https has the __Host- name that no other host can set, and is sent over https only', async () => {
    const [line = ''] = (await go('/keep', {}, secure)).headers.getSetCookie();
    expect(line).toMatch(
      new RegExp(`^__Host-${name}=[\\w.-]+; Max-Age=600; Path=/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$`),
    );
    const taken = await go(`/take?state=${state}`, { [`__Host-${name}`]: await kept() }, secure);
    expect(await taken.json()).toMatchObject(attempt);
    expect(taken.headers.getSetCookie()).toEqual([
      `__Host-${name}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax`,
    ]);
  });

  test('on https is not taken from a cookie that a sibling subdomain could have planted', async () => {
    const value = await kept();
    for (const planted of [name, `__host-${name}`, ` __Host-${name}x`]) {
      const taken = await go(`/take?state=${state}`, { [planted]: value }, secure);
      expect([planted, await taken.json()]).toEqual([planted, null]);
    }
  });

  test('that the test seals as the gateway does is accepted, so that the rejections below are meaningful', async () => {
    expect(await (await take(await sealed())).json()).toMatchObject(attempt);
  });

  test.each<[string, () => Promise<string>]>([
    ['is sealed for another state with a common prefix', () => sealed({ state: `${state.slice(0, -1)}x` })],
    ['has no state', () => sealed({ state: undefined })],
    ['has no nonce', () => sealed({ nonce: undefined })],
    ['never ends', () => sealed({ exp: undefined })],
    ['has no issue time', () => sealed({ iat: undefined })],
    ['has ended', () => sealed({ exp: now() - 1 })],
    ['is for another purpose', () => sealed({ aud: 'session' })],
    ['is sealed with the key of sessions', () => sealed({}, purposeKey(secret, 'session'))],
    ['is sealed with the old key of a rotation', () => sealed({}, purposeKey(other, 'login'))],
    ['is rubbish', async () => 'a.b.c.d.e'],
  ])('that %s is rejected, and still deleted from the browser', async (_what, make) => {
    const response = await take(await make());
    expect(await response.json()).toBeNull();
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(`^${name}=; `)]);
  });

  test.each([
    ['is too short', `state=${state.slice(0, 19)}`],
    ['is too long', `state=${'a'.repeat(201)}`],
    ['has a character that no state of ours has', `state=${state}.`],
    ['begins with such a character', `state=.${state}`],
    ['stands twice', `state=${state}&state=${state}`],
    ['is missing', 'x=1'],
  ])('is not looked up when the state %s', async (_what, asked) => {
    const response = await go(`/take?${asked}`, { [name]: await kept(), mcp_gateway_login_aaaaaaaaaaaaaaaa: 'x' });
    expect(await response.json()).toBeNull();
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  test.each([20, 200])('may have a state of %d characters', async (length) => {
    const long = 'a'.repeat(length);
    const value = await sealed({ state: long });
    const response = await take(value, `state=${long}`, 'mcp_gateway_login_aaaaaaaaaaaaaaaa');
    expect(await response.json()).toMatchObject({ state: long });
  });

  test('that this browser did not start is not found, and no cookie is cleared', async () => {
    const response = await go(`/take?state=${state}`);
    expect(await response.json()).toBeNull();
    expect(response.headers.getSetCookie()).toEqual([]);
  });
});

describe('abandoned attempts', () => {
  const cookies = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`mcp_gateway_login_${i}`, 'x']));
  const forgotten = async (count: number) => {
    const all = { other: 'x', ...cookies(count), not_mcp_gateway_login_1: 'x' };
    const lines = (await go('/prune', all)).headers.getSetCookie();
    for (const line of lines) expect(line).toMatch(/=; Path=\/oauth2; Expires=Thu, 01 Jan 1970 00:00:00 GMT; /);
    return lines.map((line) => line.split('=')[0]);
  };
  const oldest = (count: number) => Object.keys(cookies(count));

  test.each([
    [0, 0],
    [4, 0],
    [5, 1],
    [6, 2],
    [12, 8],
    [13, 8],
    [40, 8],
  ])('%d in number lose the oldest %d, so that there is room for one more', async (count, gone) => {
    expect(await forgotten(count)).toEqual(oldest(gone));
  });
});

describe('the session cookie', () => {
  const lines = async (path: string, server?: Server) => (await go(path, {}, server)).headers.getSetCookie();

  test('on http is for this host, as long as the session, and unreadable to scripts', async () => {
    expect(await lines('/set')).toEqual([
      expect.stringMatching(
        /^mcp_gateway_session=value; Max-Age=3600; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
      ),
    ]);
  });

  test('on https has the __Host- name that no other host can set, and is sent over https only', async () => {
    expect(await lines('/set', secure)).toEqual([
      expect.stringMatching(
        /^__Host-mcp_gateway_session=value; Max-Age=3600; Path=\/; .*; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ]);
  });

  test('is cleared with the name and path that it was set with: otherwise browsers keep it', async () => {
    const gone = 'Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly;';
    expect(await lines('/clear')).toEqual([`mcp_gateway_session=; ${gone} SameSite=Lax`]);
    expect(await lines('/clear', secure)).toEqual([`__Host-mcp_gateway_session=; ${gone} Secure; SameSite=Lax`]);
  });
});
