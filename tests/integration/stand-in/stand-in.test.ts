import { CognitoJwtVerifier } from 'aws-jwt-verify/cognito-verifier';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import {
  AGENT,
  CALLBACK,
  CLI,
  CLI_CALLBACK,
  ISSUER,
  keys,
  secretOf,
  seed,
  tokensIn,
  useCognito,
  WEB,
} from '../../support/stand-in/cognito-fixture.ts';
import { locationOf, newBrowser, submitSignIn } from '../../support/stand-in/hosted-login.ts';
import { startCognito } from '../../support/stand-in/start.ts';

const ALICE = 'a11ce000-0000-4000-8000-000000000001';
const VERIFIER = 'a-verifier-that-is-long-enough-for-rfc-7636-1234';
const UUID = expect.stringMatching(/^[0-9a-f-]{36}$/);
const cognito = useCognito();
const { codeFor, post, redeem, refresh, userInfo, readJwks, discover } = cognito;

describe('a person who signs in', () => {
  test('with PKCE, state and nonce gets tokens that openid-client accepts', async () => {
    const config = await discover(WEB, oidc.ClientSecretBasic(secretOf(WEB)));
    expect(config.serverMetadata().supportsPKCE()).toBe(false);
    const [verifier, state, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()];
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: 'openid email profile',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    });
    const back = locationOf(await submitSignIn(newBrowser(), url, 'alice'));
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
    const tokens = await oidc.authorizationCodeGrant(config, back, checks);
    expect(tokens.claims()?.['cognito:groups']).toEqual(['mcp-registry-admin']);
    await expect(oidc.authorizationCodeGrant(config, back, checks)).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(await oidc.fetchUserInfo(config, tokens.access_token, ALICE)).toEqual({
      sub: ALICE,
      email: 'alice@example.com',
      email_verified: 'true',
      name: 'Alice Admin',
      preferred_username: 'alice',
      username: 'alice',
    });
    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(refreshed.refresh_token).toBeUndefined();
    expect(refreshed.claims()?.nonce).toBeUndefined();
    await oidc.tokenRevocation(config, tokens.refresh_token ?? '');
    const late = oidc.refreshTokenGrant(config, tokens.refresh_token ?? '');
    await expect(late).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
  });

  test('gets exactly the claims of a Cognito access and id token, signed by two different keys', async () => {
    const answer = await tokensIn(redeem(await codeFor({ nonce: 'n1' })));
    expect(answer).toEqual({
      access_token: expect.any(String),
      id_token: expect.any(String),
      refresh_token: expect.stringMatching(/^eyJ[\w-]+(\.[\w-]+){4}$/),
      expires_in: 3600,
      token_type: 'Bearer',
    });
    const jwks = await readJwks();
    const options = { issuer: ISSUER, currentDate: new Date(cognito.now()) };
    const access = await jwtVerify(answer.access_token, createLocalJWKSet(jwks), options);
    const id = await jwtVerify(answer.id_token ?? '', createLocalJWKSet(jwks), { ...options, audience: WEB });
    const now = cognito.seconds();
    expect(access.payload).toEqual({
      sub: ALICE,
      'cognito:groups': ['mcp-registry-admin'],
      iss: ISSUER,
      version: 2,
      client_id: WEB,
      origin_jti: UUID,
      event_id: UUID,
      token_use: 'access',
      scope: 'openid email profile',
      auth_time: now,
      exp: now + 3600,
      iat: now,
      jti: UUID,
      username: 'alice',
    });
    expect(id.payload).toEqual({
      at_hash: expect.any(String),
      sub: ALICE,
      'cognito:groups': ['mcp-registry-admin'],
      email: 'alice@example.com',
      email_verified: true,
      name: 'Alice Admin',
      preferred_username: 'alice',
      iss: ISSUER,
      'cognito:username': 'alice',
      nonce: 'n1',
      origin_jti: access.payload.origin_jti,
      aud: WEB,
      event_id: access.payload.event_id,
      token_use: 'id',
      auth_time: now,
      exp: now + 3600,
      iat: now,
      jti: UUID,
    });
    expect(Object.keys(access.protectedHeader)).toEqual(['kid', 'alg']);
    expect(jwks.keys.map((k) => k.kid)).toEqual([id.protectedHeader.kid, access.protectedHeader.kid]);
    expect(id.protectedHeader.kid).not.toBe(access.protectedHeader.kid);
  });

  test('without a group gets tokens without a groups claim', async () => {
    const answer = await tokensIn(redeem(await codeFor({}, 'erin')));
    for (const token of [answer.access_token, answer.id_token ?? ''])
      expect(decodeJwt(token)).not.toHaveProperty('cognito:groups');
  });

  test.each([
    ['openid', ['email', 'email_verified', 'name']],
    ['openid email', ['email', 'email_verified']],
    ['openid email profile', ['email', 'email_verified', 'name']],
    ['openid aws.cognito.signin.user.admin', ['email', 'email_verified', 'name']],
  ])('with scope "%s" gets these attributes in the ID token and from userInfo: %j', async (scope, expected) => {
    const answer = await tokensIn(redeem(await codeFor({ scope })));
    const info = (await (await userInfo(answer.access_token)).json()) as object;
    for (const claims of [decodeJwt(answer.id_token ?? ''), info])
      expect(['email', 'email_verified', 'name'].filter((name) => name in claims)).toEqual(expected);
    expect(info).not.toHaveProperty('cognito:groups');
  });

  test('without a requested scope gets all scopes of the client', async () => {
    const answer = await tokensIn(redeem(await codeFor({ scope: undefined })));
    expect(decodeJwt(answer.access_token).scope).toBe('openid email profile aws.cognito.signin.user.admin');
  });

  test('for a resource gets it as aud of the access token, after a refresh too', async () => {
    const resource = 'http://localhost:8080/currenttime/mcp';
    const answer = await tokensIn(redeem(await codeFor({ resource })));
    expect(decodeJwt(answer.access_token).aud).toBe(resource);
    expect(decodeJwt((await tokensIn(refresh(answer.refresh_token))).access_token).aud).toBe(resource);
  });

  test('through the public command line client needs a verifier and no secret', async () => {
    const challenge = await oidc.calculatePKCECodeChallenge(VERIFIER);
    const change = {
      client_id: CLI,
      redirect_uri: CLI_CALLBACK,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    };
    const form = {
      grant_type: 'authorization_code',
      client_id: CLI,
      redirect_uri: CLI_CALLBACK,
      code_verifier: VERIFIER,
    };
    const good = await post('/oauth2/token', { ...form, code: await codeFor(change) }, null);
    expect(good.status).toBe(200);
    const withEmptySecret = await post('/oauth2/token', { ...form, code: await codeFor(change) }, CLI);
    expect(await withEmptySecret.json()).toEqual({ error: 'invalid_client' });
  });

  test('whose groups change gets the new ones at the next refresh', async () => {
    const first = await cognito.pool.control.signIn('bob', WEB);
    cognito.pool.control.updatePerson('bob', { groups: ['mcp-registry-developer'] });
    const next = await tokensIn(refresh(first.refresh_token ?? ''));
    expect(decodeJwt(first.access_token)['cognito:groups']).toEqual(['mcp-registry-user']);
    expect(decodeJwt(next.access_token)['cognito:groups']).toEqual(['mcp-registry-developer']);
  });
});

describe('the pool host', () => {
  test('publishes exactly the discovery keys of a real pool', async () => {
    const response = await fetch(`${cognito.pool.url}/us-east-1_LocalPool/.well-known/openid-configuration`);
    expect(await response.json()).toEqual({
      authorization_endpoint: `${cognito.pool.url}/oauth2/authorize`,
      end_session_endpoint: `${cognito.pool.url}/logout`,
      id_token_signing_alg_values_supported: ['RS256'],
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      response_types_supported: ['code', 'token'],
      revocation_endpoint: `${cognito.pool.url}/oauth2/revoke`,
      scopes_supported: ['openid', 'email', 'phone', 'profile'],
      subject_types_supported: ['public'],
      token_endpoint: `${cognito.pool.url}/oauth2/token`,
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      userinfo_endpoint: `${cognito.pool.url}/oauth2/userInfo`,
    });
  });

  test('publishes no private part of a key', async () => {
    for (const key of (await readJwks()).keys) expect(Object.keys(key)).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  test("publishes keys with which AWS's verifier accepts the access token and rejects the ID token", async () => {
    const tokens = await cognito.pool.control.signIn('alice', WEB);
    const verifier = CognitoJwtVerifier.create({
      userPoolId: 'us-east-1_LocalPool',
      tokenUse: 'access',
      clientId: WEB,
    });
    verifier.cacheJwks(await readJwks());
    expect(verifier.verifySync(tokens.access_token).username).toBe('alice');
    expect(() => verifier.verifySync(tokens.id_token ?? '')).toThrow(/Token use/);
    const foreign = await cognito.pool.control.signIn('alice', CLI);
    expect(() => verifier.verifySync(foreign.access_token)).toThrow(/Client ID/);
  });

  test.each([
    ['updated', 'aws', 'https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_LocalPool'],
    ['original', 'local', 'http://localhost:1/us-east-1_LocalPool'],
  ] as const)('names the %s issuer in %s mode as %s', async (issuer_type, issuer_mode, issuer) => {
    const other = await startCognito({ seed: { ...seed, issuer_type, issuer_mode }, keys });
    await other.close();
    expect(other.issuer.replace(/localhost:\d+/, 'localhost:1')).toBe(issuer);
  });

  test('reports in /health that it is up', async () => {
    const response = await fetch(`${cognito.pool.url}/health`);
    expect([response.status, await response.json()]).toEqual([
      200,
      { status: 'ok', pool: 'us-east-1_LocalPool', issuer: ISSUER },
    ]);
  });

  test('answers 404 with a page at any other path', async () => {
    expect((await fetch(`${cognito.pool.url}/oauth2/userinfo`)).status).toBe(404);
    expect((await fetch(`${cognito.pool.url}/us-east-1_Other/.well-known/jwks.json`)).status).toBe(404);
  });
});

describe('the hooks for tests', () => {
  test('rotating the access key keeps old tokens valid unless the old key is removed', async () => {
    const old = await cognito.pool.control.signIn('alice', WEB);
    await cognito.pool.control.rotate('access');
    const next = await cognito.pool.control.signIn('alice', WEB);
    expect(decodeProtectedHeader(next.access_token).kid).not.toBe(decodeProtectedHeader(old.access_token).kid);
    for (const t of [old, next]) expect((await userInfo(t.access_token)).status).toBe(200);
    await cognito.pool.control.rotate('access', false);
    expect((await userInfo(old.access_token)).status).toBe(200);
    expect((await userInfo(next.access_token)).status).toBe(401);
  });

  test('a skewed clock changes new tokens', async () => {
    cognito.pool.control.skew(-7200);
    expect(decodeJwt((await cognito.pool.control.signIn('alice', WEB)).access_token).exp).toBe(
      cognito.seconds() - 3600,
    );
  });

  test('failNext makes one request fail, and counts returns the number of requests', async () => {
    cognito.pool.control.failNext('/oauth2/token', 503, { error: 'temporarily_unavailable' });
    const ask = () => post('/oauth2/token', { grant_type: 'client_credentials' }, AGENT);
    expect([(await ask()).status, (await ask()).status]).toEqual([503, 200]);
    expect(cognito.pool.control.counts.get('POST /oauth2/token')).toBe(2);
  });

  test('signing in a person who is not in the seed throws an error with the name', () => {
    expect(() => cognito.pool.control.signIn('mallory', WEB)).toThrow('the seed has no user "mallory"');
    expect(() => cognito.pool.control.signIn('alice', 'x')).toThrow('the seed has no client "x"');
  });
});
