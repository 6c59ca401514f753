import { EncryptJWT, SignJWT, UnsecuredJWT } from 'jose';
import { createSessionSeal } from '../../../../auth-server/identity/cookie/session.ts';
import { purposeKey } from '../../../../common/identity/purpose-key.ts';
import {
  alice,
  denialOf,
  now,
  oldSecretKey,
  personClaims,
  publicUrl,
  registryPage,
  secretKey,
  sessionRecord,
  startAuthServer,
} from '../../../support/auth-server/auth-fixture.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';

const { cognito, auth } = await authServerWithPool();
beforeAll(async () => {
  await auth.store.sessions.add(sessionRecord({ sid: 'kept', expiresAt: now() + 3600 }));
});
const claims = { ...alice, sid: 'kept' };
const cookie = (value: string) => ({ Cookie: `${auth.cookieName}=${value}` });

/** A cookie with valid claims. Each test changes one thing. */
function forged(key: Uint8Array, change: { aud?: string; exp?: number | null; drop?: string } = {}) {
  const payload = Object.fromEntries(Object.entries(claims).filter(([name]) => name !== change.drop));
  const jwt = new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).setIssuedAt();
  if (change.exp !== null) jwt.setExpirationTime(change.exp ?? now() + 3600);
  return jwt.setAudience(change.aud ?? 'session').sign(key);
}
const sessionKey = purposeKey(secretKey, 'session');

describe('a session cookie', () => {
  test('that is sealed with the old key of a rotation is still accepted', async () => {
    const seal = createSessionSeal([oldSecretKey]);
    const value = await seal.seal({ ...claims, exp: now() + 60 });
    expect((await auth.validate(cookie(value))).status).toBe(200);
  });

  test('that is forged with our own key is accepted, so that the rejections below are meaningful', async () => {
    expect((await auth.validate(cookie(await forged(sessionKey)))).status).toBe(200);
  });

  test.each<[string, () => string | Promise<string>, string]>([
    ['sealed with a key that is not ours', () => forged(purposeKey('x'.repeat(40), 'session')), 'session_invalid'],
    ['sealed with SECRET_KEY itself', () => forged(new TextEncoder().encode(secretKey)), 'session_invalid'],
    ['sealed for a login', () => forged(purposeKey(secretKey, 'login')), 'session_invalid'],
    ['for another audience', () => forged(sessionKey, { aud: 'login' }), 'session_invalid'],
    ['without an expiry', () => forged(sessionKey, { exp: null }), 'session_invalid'],
    ['without a username (J1)', () => forged(sessionKey, { drop: 'username' }), 'session_invalid'],
    ['without a session id', () => forged(sessionKey, { drop: 'sid' }), 'session_invalid'],
    ['that has expired', () => forged(sessionKey, { exp: now() - 1 }), 'session_expired'],
    ['that is not signed', () => new UnsecuredJWT(claims).setAudience('session').encode(), 'session_invalid'],
    ['that is an access token', () => cognito.control.mint('access', personClaims()), 'session_invalid'],
    ['of 5 kB', () => 'x'.repeat(5000), 'session_invalid'],
    [
      'that is a login attempt (J1)',
      () =>
        new EncryptJWT(claims)
          .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
          .setAudience('session')
          .encrypt(purposeKey(secretKey, 'login')),
      'session_invalid',
    ],
  ])('%s is rejected with 401', async (_what, make, code) => {
    expect(denialOf(await auth.validate(cookie(await make())))).toMatchObject({ http: 401, code });
  });

  test('of a login that any visitor can start is not a session (J1, e)', async () => {
    const started = await fetch(`${auth.url}/oauth2/login/cognito`, { redirect: 'manual' });
    const value = /^mcp_gateway_login_[^=]+=([^;]+)/.exec(started.headers.getSetCookie()[0] ?? '')?.[1];
    expect(value).toMatch(/^eyJ/);
    expect(denialOf(await auth.validate(cookie(value ?? '')))).toMatchObject({ http: 401, code: 'session_invalid' });
  });

  test('that is sent twice is rejected if the values differ, and accepted if they are equal', async () => {
    const good = await forged(sessionKey);
    const other = await auth.session();
    const two = denialOf(await auth.validate({ Cookie: `${auth.cookieName}=${good}; ${other}` }));
    expect(two).toMatchObject({ http: 401, code: 'credentials_ambiguous' });
    expect(
      (await auth.validate({ Cookie: `a=b; ${auth.cookieName}=${good}; ${auth.cookieName}=${good}` })).status,
    ).toBe(200);
  });

  test.each(['', '=x', 'x_mcp_gateway_session=1', 'MCP_GATEWAY_SESSION=1', '__Host-mcp_gateway_session=1', ';;;'])(
    'is not found in %j: the request is unauthenticated',
    async (header) => {
      expect(denialOf(await auth.validate({ Cookie: header }))).toMatchObject({
        http: 401,
        code: 'credentials_missing',
      });
    },
  );

  test('is accepted on https only under its __Host- name, which no other page can set', async () => {
    const secure = await startAuthServer(cognito.url, { publicUrl: 'https://gateway.example' });
    try {
      const session = await secure.session();
      expect(session).toMatch(/^__Host-mcp_gateway_session=/);
      expect((await secure.validate({ Cookie: session })).status).toBe(200);
      const plain = await secure.validate({ Cookie: session.replace('__Host-', '') });
      expect(denialOf(plain)).toMatchObject({ code: 'credentials_missing' });
    } finally {
      await secure.close();
    }
  });
});

describe('the session record overrides the cookie', () => {
  test.each<[string, object, string]>([
    ['is gone', { record: false }, 'session_ended'],
    ['belongs to another person', { sid: 'kept', sub: 'mallory', record: false }, 'session_ended'],
  ])('so a cookie is rejected when its record %s', async (_what, change, code) => {
    expect(denialOf(await auth.validate({ Cookie: await auth.session(change) }))).toMatchObject({ http: 401, code });
  });

  test('so an expired record ends the session before the cookie expires', async () => {
    await auth.store.sessions.add(sessionRecord({ sid: 'short', createdAt: now() - 60, expiresAt: now() - 1 }));
    const Cookie = await auth.session({ sid: 'short', record: false });
    expect(denialOf(await auth.validate({ Cookie }))).toMatchObject({ http: 401, code: 'session_ended' });
  });

  test('so a group counts only when the record names it, whatever a cookie of an older release names', async () => {
    const groups = ['mcp-registry-admin', 'mcp-registry-user'];
    const groupsOf = async (sid: string, inCookie: readonly string[], inRecord: readonly string[]) => {
      await auth.store.sessions.add(sessionRecord({ sid, groups: inRecord }));
      const jwt = new SignJWT({ ...claims, sid, groups: inCookie }).setProtectedHeader({ alg: 'HS256' });
      const value = await jwt.setIssuedAt().setExpirationTime('1h').setAudience('session').sign(sessionKey);
      return (await auth.validate(cookie(value))).headers.get('x-groups');
    };
    expect(await groupsOf('less', groups, groups.slice(1))).toBe('mcp-registry-user');
    expect(await groupsOf('more', groups.slice(1), groups)).toBe('mcp-registry-admin,mcp-registry-user');
  });

  test.each([[[]], [['finance']], [['constructor', '']]])(
    'so a person in the groups %j may do nothing (J2, a)',
    async (groups) => {
      const denial = denialOf(await auth.validate({ Cookie: await auth.session({ groups }) }));
      expect(denial).toMatchObject({ http: 403, status: 403, code: 'not_permitted' });
    },
  );
});

describe('which pages may send requests', () => {
  type Browser = Record<string, string>;
  const page = { ...registryPage, 'Sec-Fetch-Dest': 'document' };
  test.each<[string, object, Browser, boolean]>([
    ['a tool without any page', {}, {}, true],
    ['our own page', {}, { Origin: publicUrl, 'Sec-Fetch-Site': 'same-origin' }, true],
    ['our own page without Origin', {}, { 'Sec-Fetch-Site': 'same-origin' }, true],
    ['a person who types the URL', {}, { 'Sec-Fetch-Site': 'none' }, true],
    ['another site', {}, { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }, false],
    ['another site without Origin', {}, { 'Sec-Fetch-Site': 'cross-site' }, false],
    ['another port of localhost', {}, { Origin: 'http://localhost:3000', 'Sec-Fetch-Site': 'same-site' }, false],
    ['another port without Origin', {}, { 'Sec-Fetch-Site': 'same-site' }, false],
    ['a sandboxed page', {}, { Origin: 'null' }, false],
    ['a page on our host over https', {}, { Origin: publicUrl.replace('http:', 'https:') }, false],
    ['a page on a host that starts like ours', {}, { Origin: `${publicUrl}.evil.example` }, false],
    ['a page that may send bearer tokens only', {}, { Origin: 'https://inspector.example' }, false],
    ['a link on another site to a page', page, { 'Sec-Fetch-Site': 'cross-site' }, true],
    ['a frame on another site', { ...page, 'Sec-Fetch-Dest': 'iframe' }, { 'Sec-Fetch-Site': 'cross-site' }, false],
    ['a script of another site', { ...page, 'Sec-Fetch-Dest': 'script' }, { 'Sec-Fetch-Site': 'cross-site' }, false],
    ['a form of another site', { ...page, 'X-Original-Method': 'POST' }, { 'Sec-Fetch-Site': 'cross-site' }, false],
    ['a link to an MCP server', { 'Sec-Fetch-Dest': 'document' }, { 'Sec-Fetch-Site': 'cross-site' }, false],
  ])('with a cookie, %s %j %j: %s', async (_who, request, browser, allowed) => {
    const response = await auth.validate({ ...request, ...browser, Cookie: await auth.session() });
    expect(response.headers.get('x-deny-code')).toBe(allowed ? null : 'origin_not_allowed');
    expect(response.status).toBe(allowed ? 200 : 403);
  });

  test.each([
    [undefined, true],
    [publicUrl, true],
    ['https://inspector.example', true],
    ['https://inspector.example.evil', false],
    ['http://localhost:3000', false],
    ['null', false],
  ])('with a token, a page at %s: %s', async (origin, allowed) => {
    const token = await cognito.control.mint('access', personClaims());
    const headers = { Authorization: `Bearer ${token}`, 'Sec-Fetch-Site': 'cross-site' };
    const response = await auth.validate({ ...headers, ...(origin !== undefined && { Origin: origin }) });
    expect(response.headers.get('x-deny-code')).toBe(allowed ? null : 'origin_not_allowed');
  });
});
