import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import {
  AGENT,
  CALLBACK,
  CLI,
  ISSUER,
  READER,
  secretOf,
  seed,
  tokensIn,
  useCognito,
  WEB,
} from '../../support/stand-in/cognito-fixture.ts';
import { locationOf, newBrowser, submitSignIn } from '../../support/stand-in/hosted-login.ts';

const VERIFIER = 'a-verifier-that-is-long-enough-for-rfc-7636-1234';
const UUID = expect.stringMatching(/^[0-9a-f-]{36}$/);
const cognito = useCognito();
const { authorizeUrl, codeFor, post, redeem, refresh, userInfo, readJwks, discover } = cognito;

describe('the token endpoint', () => {
  const CODE = { grant_type: 'authorization_code', redirect_uri: CALLBACK };
  test.each<[string, Record<string, string> | string, string | null, object]>([
    ['no grant type', {}, WEB, { error: 'invalid_request' }],
    ['an unknown grant type', { grant_type: 'password' }, WEB, { error: 'unsupported_grant_type' }],
    ['an unknown client', { ...CODE, code: 'x' }, 'unknown', { error: 'invalid_client' }],
    ['no client', { ...CODE, code: 'x' }, null, { error: 'invalid_client' }],
    ['no secret', { ...CODE, code: 'x', client_id: WEB }, null, { error: 'invalid_client' }],
    [
      'a wrong secret',
      { ...CODE, code: 'x', client_id: WEB, client_secret: 'wrong' },
      null,
      { error: 'invalid_client' },
    ],
    [
      'a secret for a client without one',
      { ...CODE, code: 'x', client_id: CLI, client_secret: 'x' },
      null,
      { error: 'invalid_client' },
    ],
    ['two clients at once', { ...CODE, code: 'x', client_id: CLI }, WEB, { error: 'invalid_request' }],
    [
      'a secret both by Basic and in the form',
      { ...CODE, code: 'x', client_secret: secretOf(WEB) },
      WEB,
      { error: 'invalid_request' },
    ],
    [
      'a parameter twice',
      'grant_type=client_credentials&grant_type=client_credentials',
      AGENT,
      { error: 'invalid_request' },
    ],
    ['no code', CODE, WEB, { error: 'invalid_request' }],
    ['an unknown code', { ...CODE, code: 'x' }, WEB, { error: 'invalid_grant' }],
    ['no refresh token', { grant_type: 'refresh_token' }, WEB, { error: 'invalid_request' }],
    ['an unknown refresh token', { grant_type: 'refresh_token', refresh_token: 'x' }, WEB, { error: 'invalid_grant' }],
    ['a code for a machine', { ...CODE, code: 'x' }, AGENT, { error: 'unauthorized_client' }],
    ['a machine grant for a web client', { grant_type: 'client_credentials' }, WEB, { error: 'unauthorized_client' }],
    [
      'a machine scope the client lacks',
      { grant_type: 'client_credentials', scope: 'mcp-servers-unrestricted/read' },
      READER,
      { error: 'invalid_scope' },
    ],
    [
      'one good and one bad scope',
      { grant_type: 'client_credentials', scope: 'mcp-servers-restricted/read x' },
      READER,
      { error: 'invalid_scope' },
    ],
  ])('rejects %s', async (_case, form, client, error) => {
    const response = await post('/oauth2/token', form, client);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual(error);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test('rejects JSON', async () => {
    const body = JSON.stringify({ grant_type: 'client_credentials', client_id: AGENT, client_secret: secretOf(AGENT) });
    const response = await fetch(`${cognito.pool.url}/oauth2/token`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect([response.status, await response.json()]).toEqual([400, { error: 'invalid_request' }]);
  });

  test('accepts a code once, within five minutes, from its own client, with its own callback and verifier', async () => {
    const code_challenge = await oidc.calculatePKCECodeChallenge(VERIFIER);
    const bound = { code_challenge, code_challenge_method: 'S256' };
    const answerTo = async (response: Promise<Response>) => (await response).json();
    const used = await codeFor(bound);
    expect(await answerTo(redeem(used, { code_verifier: VERIFIER }))).toHaveProperty('access_token');
    expect(await answerTo(redeem(used, { code_verifier: VERIFIER }))).toEqual({ error: 'invalid_grant' });
    expect(await answerTo(redeem(await codeFor(bound)))).toEqual({ error: 'invalid_grant' });
    expect(await answerTo(redeem(await codeFor(bound), { code_verifier: `${VERIFIER}x` }))).toEqual({
      error: 'invalid_grant',
    });
    expect(await answerTo(redeem(await codeFor(), { code_verifier: VERIFIER }))).toEqual({ error: 'invalid_grant' });
    const other = { redirect_uri: 'http://localhost/oauth2/callback/cognito' };
    expect(await answerTo(redeem(await codeFor(), other))).toEqual({
      error: 'unauthorized_client',
      error_description: 'invalid_redirect',
    });
    const form = { ...CODE, code: await codeFor(), client_id: CLI };
    expect(await answerTo(post('/oauth2/token', form, null))).toEqual({ error: 'invalid_grant' });
    const [fresh, old] = [await codeFor(), await codeFor()];
    cognito.advance(299);
    expect(await answerTo(redeem(fresh))).toHaveProperty('access_token');
    cognito.advance(2);
    expect(await answerTo(redeem(old))).toEqual({ error: 'invalid_grant' });
  });

  test.each([
    ['by Basic', oidc.ClientSecretBasic],
    ['in the form', oidc.ClientSecretPost],
  ])('gives a machine that sends its secret %s a token with exactly these claims', async (_case, auth) => {
    const config = await discover(AGENT, auth(secretOf(AGENT)));
    const tokens = await oidc.clientCredentialsGrant(config, { scope: 'mcp-servers-unrestricted/read' });
    const now = cognito.seconds();
    expect(decodeJwt(tokens.access_token)).toEqual({
      sub: AGENT,
      token_use: 'access',
      scope: 'mcp-servers-unrestricted/read',
      auth_time: now,
      iss: ISSUER,
      exp: now + 3600,
      iat: now,
      version: 2,
      jti: UUID,
      client_id: AGENT,
    });
    expect(Object.keys(tokens)).toEqual(['access_token', 'expires_in', 'token_type']);
    const all = await oidc.clientCredentialsGrant(config);
    expect(decodeJwt(all.access_token).scope).toBe('mcp-servers-unrestricted/read mcp-servers-unrestricted/execute');
  });

  test("rejects a refresh token that is another client's, expired, or of a person who was disabled", async () => {
    const tokens = await cognito.pool.control.signIn('bob', WEB);
    const token = tokens.refresh_token ?? '';
    const foreign = await post(
      '/oauth2/token',
      { grant_type: 'refresh_token', refresh_token: token, client_id: CLI },
      null,
    );
    expect(await foreign.json()).toEqual({ error: 'invalid_grant' });
    expect((await refresh(token)).status).toBe(200);
    cognito.pool.control.updatePerson('bob', { status: 'DISABLED' });
    expect((await refresh(token)).status).toBe(400);
    cognito.pool.control.updatePerson('bob', { status: 'CONFIRMED' });
    expect((await refresh(token)).status).toBe(200);
    cognito.advance(30 * 86_400 + 1);
    expect((await refresh(token)).status).toBe(400);
  });
});

describe('revoke and userInfo', () => {
  test('a revoked sign-in is rejected by both, although its token still verifies locally', async () => {
    const { access_token, refresh_token = '' } = await cognito.pool.control.signIn('alice', WEB);
    expect((await userInfo(access_token)).status).toBe(200);
    for (const _twice of [1, 2]) expect((await post('/oauth2/revoke', { token: refresh_token })).status).toBe(200);
    const after = await userInfo(access_token);
    expect([after.status, await after.json()]).toEqual([401, { error: 'invalid_token' }]);
    expect((await refresh(refresh_token)).status).toBe(400);
    await jwtVerify(access_token, createLocalJWKSet(await readJwks()), { currentDate: new Date(cognito.now()) });
  });

  test('revoke rejects a token that is not a refresh token, and does nothing for another client', async () => {
    const { access_token, refresh_token = '' } = await cognito.pool.control.signIn('alice', WEB);
    const jwt = await post('/oauth2/revoke', { token: access_token });
    expect([jwt.status, await jwt.json()]).toEqual([400, { error: 'unsupported_token_type' }]);
    const wrong = await post('/oauth2/revoke', { token: refresh_token, client_id: WEB, client_secret: 'no' }, null);
    expect([wrong.status, await wrong.json()]).toEqual([401, { error: 'invalid_client' }]);
    expect((await post('/oauth2/revoke', {})).status).toBe(400);
    expect((await post('/oauth2/revoke', { token: refresh_token, client_id: CLI }, null)).status).toBe(200);
    expect((await refresh(refresh_token)).status).toBe(200);
  });

  test('a global sign-out ends tokens, but not the session of the sign-in page', async () => {
    const browser = newBrowser();
    const back = locationOf(await submitSignIn(browser, authorizeUrl(), 'alice'));
    const tokens = await tokensIn(redeem(back.searchParams.get('code') ?? ''));
    cognito.pool.control.globalSignOut('alice');
    expect((await refresh(tokens.refresh_token)).status).toBe(400);
    expect((await userInfo(tokens.access_token)).status).toBe(401);
    expect(locationOf(await browser.get(authorizeUrl())).searchParams.has('code')).toBe(true);
  });

  test('a disabled person loses tokens, codes and the session of the sign-in page', async () => {
    const browser = newBrowser();
    const tokens = await cognito.pool.control.signIn('alice', WEB);
    const back = locationOf(await submitSignIn(browser, authorizeUrl(), 'alice'));
    cognito.pool.control.updatePerson('alice', { status: 'DISABLED' });
    expect((await userInfo(tokens.access_token)).status).toBe(401);
    expect((await redeem(back.searchParams.get('code') ?? '')).status).toBe(400);
    expect(locationOf(await browser.get(authorizeUrl())).pathname).toBe('/login');
  });

  test('userInfo accepts only a valid access token of a person with the scope openid', async () => {
    const good = await cognito.pool.control.signIn('alice', WEB);
    const claims = decodeJwt(good.access_token);
    const machine = await tokensIn(post('/oauth2/token', { grant_type: 'client_credentials' }, AGENT));
    const { exp: _exp, ...endless } = claims;
    const [header, , signature] = good.access_token.split('.');
    const forged = [
      header,
      Buffer.from(JSON.stringify({ ...claims, username: 'bob' })).toString('base64url'),
      signature,
    ];
    const bad = {
      id: good.id_token ?? '',
      machine: machine.access_token,
      forged: forged.join('.'),
      expired: await cognito.pool.control.mint('access', { ...claims, exp: cognito.seconds() - 1 }),
      endless: await cognito.pool.control.mint('access', endless),
      'without openid': await cognito.pool.control.mint('access', { ...claims, scope: 'email' }),
      'of another pool': await cognito.pool.control.mint('access', { ...claims, iss: `${ISSUER}x` }),
      'of an unknown person': await cognito.pool.control.mint('access', { ...claims, username: 'mallory' }),
    };
    const statuses = await Promise.all(
      Object.entries(bad).map(async ([name, t]) => [name, (await userInfo(t)).status]),
    );
    expect(statuses).toEqual(Object.keys(bad).map((name) => [name, 401]));
    expect((await userInfo(await cognito.pool.control.mint('access', claims))).status).toBe(200);
    const none = await fetch(`${cognito.pool.url}/oauth2/userInfo`);
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([
      400,
      expect.stringContaining('error="invalid_request"'),
    ]);
  });
});

describe('a client with settings of its own', () => {
  const settings = { access_token_validity: 300, refresh_token_rotation: true, token_revocation: false };
  const clients = seed.clients.map((client) => (client.id === WEB ? { ...client, ...settings } : client));
  const special = useCognito({ ...seed, clients });

  test('gets access tokens with its own lifetime and a new refresh token each time', async () => {
    const first = await special.pool.control.signIn('alice', WEB);
    expect(first.expires_in).toBe(300);
    const second = await tokensIn(special.refresh(first.refresh_token));
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await special.refresh(first.refresh_token)).status).toBe(400);
    expect((await special.refresh(second.refresh_token)).status).toBe(200);
    const { exp = 0, iat = 0 } = decodeJwt(second.access_token);
    expect(exp - iat).toBe(300);
  });

  test('cannot revoke when revocation is disabled', async () => {
    const { refresh_token = '' } = await special.pool.control.signIn('alice', WEB);
    const response = await special.post('/oauth2/revoke', { token: refresh_token });
    expect([response.status, await response.json()]).toEqual([400, { error: 'invalid_request' }]);
  });
});
