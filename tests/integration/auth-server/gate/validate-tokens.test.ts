import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt, exportSPKI, importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { loadKeys } from '../../../../stand-in/pool/keys.ts';
import {
  AGENT,
  type AuthServer,
  agentClaims,
  CLI,
  denialOf,
  issuer,
  keys,
  now,
  personClaims,
  publicUrl,
  startAuthServer,
  toolCall,
  WEB,
  webSecret,
} from '../../../support/auth-server/auth-fixture.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';
import { type RunningCognito, startCognito } from '../../../support/stand-in/start.ts';

const { cognito, auth } = await authServerWithPool();
const jwksPath = 'GET /us-east-1_LocalPool/.well-known/jwks.json';
const mint = (claims: JWTPayload) => cognito.control.mint('access', claims);
const send = (token: string, headers: Record<string, string> = {}) =>
  auth.validate({ Authorization: `Bearer ${token}`, ...headers });
const header = { kid: keys.access.kid };

async function symmetric(): Promise<string> {
  const publicKey = await importJWK(keys.access.publicJwk, 'RS256', { extractable: true });
  if (publicKey instanceof Uint8Array) throw new Error('not an RSA key');
  const secret = new TextEncoder().encode(await exportSPKI(publicKey));
  return new SignJWT(personClaims()).setProtectedHeader({ ...header, alg: 'HS256' }).sign(secret);
}

async function altered(): Promise<string> {
  const [head, , signature] = (await mint(personClaims({ username: 'bob' }))).split('.');
  const payload = Buffer.from(JSON.stringify(personClaims())).toString('base64url');
  return [head, payload, signature].join('.');
}

describe('a token that is not a valid access token of our pool', () => {
  const people = async (kind: 'id_token' | 'refresh_token') =>
    (await cognito.control.signIn('alice', WEB, ['openid', 'email']))[kind] ?? 'none';
  test.each<[string, () => string | Promise<string>, RegExp]>([
    ['is an ID token (l)', () => people('id_token'), /ID token|access token/],
    [
      'is an ID token with client_id added',
      () => cognito.control.mint('id', personClaims({ token_use: 'id' })),
      /ID to/,
    ],
    ['is a refresh token', () => people('refresh_token'), /not an access token/],
    ['has another token_use', () => mint(personClaims({ token_use: 'refresh' })), /refused/],
    ['has no token_use', () => mint(personClaims({ token_use: undefined })), /refused/],
    ['is of another app client (J8)', () => mint(personClaims({ client_id: CLI })), /app client is not allowed/],
    ['is of no app client', () => mint(personClaims({ client_id: undefined })), /refused/],
    [
      'has another issuer (J7)',
      () => mint(personClaims({ iss: issuer.replace('Local', 'Evil') })),
      /another user pool/,
    ],
    ['has an issuer with ours as a prefix', () => mint(personClaims({ iss: `${issuer}.evil.example` })), /user pool/],
    ['has no issuer', () => mint(personClaims({ iss: undefined })), /refused/],
    ['never expires (m)', () => mint(personClaims({ exp: undefined })), /no expiry/],
    ['has an expiry that is a string', () => mint(personClaims({ exp: 'never' })), /refused/],
    ['was issued tomorrow', () => mint(personClaims({ iat: now() + 86_400, exp: now() + 90_000 })), /in the future/],
    ['does not say when it was issued', () => mint(personClaims({ iat: undefined })), /does not say when/],
    ['is not valid yet', () => mint(personClaims({ nbf: now() + 3600 })), /refused/],
    ['is for another server', () => mint(personClaims({ aud: 'https://other.example' })), /for another server/],
    [
      'is for a server whose URL has ours as a prefix',
      () => mint(personClaims({ aud: `${publicUrl}.evil.example` })),
      /another/,
    ],
    ['has an empty audience', () => mint(personClaims({ aud: [] })), /for another server/],
    ['names no subject', () => mint(personClaims({ sub: undefined })), /names no subject/],
    [
      'has groups in a string',
      () => mint(personClaims({ 'cognito:groups': 'mcp-registry-admin' })),
      /groups are unreadable/,
    ],
    ['is not signed (none)', () => new UnsecuredJWT(personClaims()).encode(), /refused/],
    ['is signed with the public key as a secret', symmetric, /refused/],
    ['was altered', altered, /refused/],
    ['is rubbish', () => 'a.b.c', /refused/],
    ['is one letter', () => 'x', /refused/],
    ['is only dots', () => '..', /refused/],
    ['is 12 kB of one letter', () => 'x'.repeat(12_000), /refused/],
  ])('that %s is rejected with 401, and the cookie beside it is ignored', async (_what, make, why) => {
    const asked = cognito.control.counts.get(jwksPath);
    const response = await send(await make(), { Cookie: await auth.session() });
    const denial = denialOf(response);
    expect(denial).toMatchObject({ http: 401, code: 'token_invalid' });
    expect(denial.body.error.message).toMatch(why);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token", resource_metadata="/);
    if (asked !== undefined) expect(cognito.control.counts.get(jwksPath)).toBe(asked);
  });

  test('that has expired gets an error about the expiry', async () => {
    const response = await send(await mint(personClaims({ iat: now() - 3601, exp: now() - 1 })));
    expect(denialOf(response)).toMatchObject({ http: 401, code: 'token_expired' });
    expect(response.headers.get('www-authenticate')).toMatch(/error="invalid_token"/);
  });

  test('that another pool signed with its own keys is rejected, even if the request names that pool (J7, d1, d2)', async () => {
    const evil = await startCognito({ keys: await loadKeys() });
    const fresh = await startAuthServer(cognito.url);
    try {
      const token = await evil.control.mint('access', personClaims());
      const lies = { 'X-User-Pool-Id': 'us-east-1_EVIL', 'X-Client-Id': WEB, 'X-Region': '@127.0.0.1:1/x?' };
      const first = await fresh.validate({ Authorization: `Bearer ${token}`, ...lies });
      expect(denialOf(first)).toMatchObject({ http: 401, code: 'token_invalid' });
      const asked = cognito.control.counts.get(jwksPath);
      for (let i = 0; i < 3; i++) {
        const again = await fresh.validate({ Authorization: `Bearer ${token}`, ...lies });
        expect([401, 403]).toContain(again.status);
      }
      expect(cognito.control.counts.get(jwksPath)).toBe(asked);
      expect(evil.control.counts.size).toBe(0);
    } finally {
      await fresh.close();
      await evil.close();
    }
  });
});

describe('an Authorization header that is not one bearer token', () => {
  test.each([
    'Basic YWxpY2U6UGFzc3cwcmQh',
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer  two-spaces',
    'Bearer a,Bearer b',
    'Bearer "a"',
    'Bearer=a',
    'Token a',
    'a.b.c',
    'DPoP a',
  ])('%j is rejected with 401, even beside a valid cookie', async (authorization) => {
    const response = await auth.validate({ Authorization: authorization, Cookie: await auth.session() });
    expect(denialOf(response)).toMatchObject({ http: 401, code: 'authorization_unreadable' });
  });

  test('a bearer token alone decides who the caller is, even beside a cookie of another person', async () => {
    const cookie = await auth.session({ sub: 'someone-else', username: 'zoe' });
    const response = await send(await mint(personClaims()), { Cookie: cookie });
    expect(response.headers.get('x-username')).toBe('alice');
    expect(response.headers.get('x-auth-method')).toBe('jwt');
  });
});

describe('an audience of this gateway', () => {
  test.each([publicUrl, `${publicUrl}/currenttime/mcp`])('%s is accepted', async (aud) => {
    expect((await send(await mint(personClaims({ aud })))).status).toBe(200);
    expect((await send(await mint(personClaims({ aud: ['https://other.example', aud] })))).status).toBe(200);
  });
});

describe('the permissions of a token', () => {
  const strong = 'mcp-servers-unrestricted/read mcp-servers-unrestricted/execute';
  test('a person gains nothing from requesting scopes of the gateway at Cognito', async () => {
    const token = await mint(personClaims({ 'cognito:groups': undefined, scope: `openid ${strong}` }));
    expect(denialOf(await send(token))).toMatchObject({ code: 'not_permitted' });
    const bob = await mint(personClaims({ 'cognito:groups': ['mcp-registry-user'], scope: strong }));
    expect((await send(bob)).headers.get('x-scopes')).toBe('mcp-registry-user mcp-servers-restricted/read');
    expect(denialOf(await auth.validate({ Authorization: `Bearer ${bob}` }, toolCall('t'))).code).toBe('not_permitted');
  });

  test.each([
    ['a username, although its sub is the client', { username: 'mallory' }],
    ['no username and a sub that is not the client', { sub: 'another-id' }],
  ])('a token with %s is a person: its scope claim grants nothing', async (_what, change) => {
    const denial = denialOf(await send(await mint(agentClaims(change))));
    expect(denial).toMatchObject({ http: 403, code: 'not_permitted' });
    expect(denial.body.error.message).toMatch(/You hold no scope/);
  });

  test.each(['', '  ', 'openid email', 'constructor', undefined])(
    'an agent with the scopes %j may do nothing',
    async (scope) => {
      expect(denialOf(await send(await mint(agentClaims({ scope }))))).toMatchObject({ code: 'not_permitted' });
    },
  );

  test('an agent keeps the scopes that the policy defines, and loses the others', async () => {
    const scope = 'openid mcp-servers-restricted/read evil/admin mcp-registry-admin2';
    const response = await send(await mint(agentClaims({ scope })));
    expect(response.headers.get('x-scopes')).toBe('mcp-servers-restricted/read');
    expect(response.headers.get('x-user')).toBe(AGENT);
  });

  test.each(['groups', 'custom:groups', 'cognito:roles', 'cognito:group'])(
    'a person gains nothing from the claim %s, which users may be able to write themselves (p9)',
    async (claim) => {
      const token = await mint(personClaims({ 'cognito:groups': undefined, [claim]: ['mcp-registry-admin'] }));
      expect(denialOf(await send(token))).toMatchObject({ http: 403, code: 'not_permitted' });
    },
  );

  test('groups that the policy does not define are left out', async () => {
    const groups = ['us-east-1_abc_Google', 'mcp-registry-user', '__proto__'];
    const response = await send(await mint(personClaims({ 'cognito:groups': groups })));
    expect(response.headers.get('x-groups')).toBe('mcp-registry-user');
  });
});

describe("the pool's keys", () => {
  test('are fetched again when a token is signed with a new one', async () => {
    const pool = await startCognito();
    const server = await startAuthServer(pool.url);
    try {
      const ask = async () =>
        (await server.validate({ Authorization: `Bearer ${await pool.control.mint('access', personClaims())}` }))
          .status;
      expect(await ask()).toBe(200);
      await pool.control.rotate('access');
      expect(await ask()).toBe(200);
      expect(pool.control.counts.get(jwksPath)).toBe(2);
    } finally {
      await server.close();
      await pool.close();
    }
  });

  test('are no longer accepted after the pool has withdrawn them and a token with a new key was seen (p3)', async () => {
    const pool = await startCognito();
    const server = await startAuthServer(pool.url);
    try {
      const fresh = async () => `Bearer ${await pool.control.mint('access', personClaims())}`;
      const old = await fresh();
      expect((await server.validate({ Authorization: old })).status).toBe(200);
      await pool.control.rotate('access', false);
      expect((await server.validate({ Authorization: await fresh() })).status).toBe(200);
      const denial = denialOf(await server.validate({ Authorization: old }));
      expect(denial.http).not.toBe(200);
      expect(['token_invalid', 'identity_provider_unavailable']).toContain(denial.code);
    } finally {
      await server.close();
      await pool.close();
    }
  });

  test('that do not arrive delay only the requests that need them (p2)', async () => {
    let asked = () => {};
    const reached = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const silent = createServer(() => asked()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const server = await startAuthServer(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
    try {
      const waiting = server.validate({ Authorization: `Bearer ${await mint(personClaims())}` });
      await reached;
      const Cookie = await server.session();
      const first = await Promise.race([waiting, server.validate({ Cookie })]);
      expect(first.status).toBe(200);
      silent.closeAllConnections();
      expect(denialOf(await waiting)).toMatchObject({ http: 403, code: 'identity_provider_unavailable' });
    } finally {
      await server.close();
      silent.closeAllConnections();
      silent.close();
    }
  });

  test('that cannot be fetched cause a 503, and a later request works', async () => {
    const pool = await startCognito({ keys });
    const server = await startAuthServer(pool.url);
    try {
      pool.control.failNext('jwks.json', 500);
      const headers = { Authorization: `Bearer ${await mint(personClaims())}` };
      const denial = denialOf(await server.validate(headers));
      expect(denial).toMatchObject({ http: 403, status: 503, code: 'identity_provider_unavailable' });
      expect((await server.validate(headers)).status).toBe(200);
    } finally {
      await server.close();
      await pool.close();
    }
  });
});

describe('a revocation', () => {
  let pool: RunningCognito;
  let gate: AuthServer;
  beforeEach(async () => {
    pool = await startCognito({ keys });
    gate = await startAuthServer(pool.url);
  });
  afterEach(async () => {
    await gate.close();
    await pool.close();
  });
  const of = async (token: string) => denialOf(await gate.validate({ Authorization: `Bearer ${token}` }));
  const revoke = (kind: 'user' | 'client', value: string) => gate.store.revocations.add({ kind, value, at: now() });

  test('also ends what a client refreshes at Cognito later, until the person signs in again', async () => {
    const { access_token, refresh_token = '' } = await pool.control.signIn('bob', WEB);
    expect(await of(access_token)).toMatchObject({ http: 200 });
    await revoke('user', 'bob');
    expect(await of(access_token)).toMatchObject({ status: 401, code: 'access_revoked' });
    pool.control.skew(30);
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: WEB,
      client_secret: webSecret,
      refresh_token,
    });
    const answer = await fetch(`${pool.url}/oauth2/token`, { method: 'POST', body: form });
    const { access_token: refreshed } = (await answer.json()) as { access_token: string };
    expect(decodeJwt(refreshed).iat).toBeGreaterThan(now());
    expect(await of(refreshed)).toMatchObject({ status: 401, code: 'access_revoked' });
    expect(await of((await pool.control.signIn('bob', WEB)).access_token)).toMatchObject({ http: 200 });
  });

  test('does not end an agent, whose next token is a new sign-in', async () => {
    const token = (iat: number) => pool.control.mint('access', agentClaims({ auth_time: now() - 60, iat }));
    const old = await token(now() - 5);
    await revoke('client', AGENT);
    expect(await of(old)).toMatchObject({ status: 401, code: 'access_revoked' });
    expect(await of(await token(now() + 5))).toMatchObject({ http: 200 });
  });
});
