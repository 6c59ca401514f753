import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { clientDigest } from '../../../../auth-server/oauth/clients/client.ts';
import { alice, now, publicUrl } from '../../../support/auth-server/auth-fixture.ts';
import { newOAuthClient, type Tokens } from '../../../support/auth-server/oauth-client.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';
import { useClock } from '../../../support/clock.ts';

const clock = useClock();
const { auth } = await authServerWithPool();
const client = await newOAuthClient(auth);
const other = await newOAuthClient(auth, { name: 'Cursor' });
const day = 86_400;

const errorOf = async (answer: Response) => [answer.status, ((await answer.json()) as { error: string }).error];
const sidOf = ({ access_token }: Tokens) => String(decodeJwt(access_token).sid);
const recordOf = (tokens: Tokens) => auth.store.sessions.read(sidOf(tokens));
const json = async (answer: Response) => (await answer.json()) as Tokens;

describe('a code', () => {
  test('gives an access token of ten minutes for the resource, and a refresh token, in JSON that is not stored', async () => {
    const answer = await client.exchange(await client.code(), { resource: `${publicUrl}/currenttime/mcp` });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const tokens = await json(answer);
    expect(tokens).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'mcp',
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({ typ: 'at+jwt', alg: 'ES256' });
    const claims = decodeJwt(tokens.access_token);
    expect(claims).toMatchObject({
      iss: publicUrl,
      aud: `${publicUrl}/currenttime/mcp`,
      sub: alice.sub,
      client_id: clientDigest(client.id),
    });
    expect(claims).not.toHaveProperty('groups');
  });

  test('opens a record of the client, with the lifetime and idle time of clients', async () => {
    const tokens = await client.tokens();
    const record = await recordOf(tokens);
    expect(record).toMatchObject({
      kind: 'client',
      sub: alice.sub,
      oauthClient: clientDigest(client.id),
      oauthClientName: 'Claude Code',
      resource: `${publicUrl}/currenttime/mcp`,
      idleSeconds: 14 * day,
      provider: 'cognito',
    });
    expect(record?.expiresAt).toBeGreaterThan(now() + 29 * day);
  });

  test('that comes twice ends the grant: access token, refresh token and record', async () => {
    const code = await client.code();
    const tokens = await json(await client.exchange(code));
    expect(await errorOf(await client.exchange(code))).toEqual([400, 'invalid_grant']);
    expect(await recordOf(tokens)).toBeUndefined();
    expect(await errorOf(await client.refresh(tokens.refresh_token))).toEqual([400, 'invalid_grant']);
    expect(auth.lines.join('')).toContain('"reason":"code_replayed"');
  });

  test.each<[string, Record<string, string>]>([
    ['another client', { client_id: other.id }],
    ['another redirect address', { redirect_uri: 'http://127.0.0.1:7999/other' }],
    ['another verifier', { code_verifier: 'w'.repeat(43) }],
    ['no verifier', { code_verifier: '' }],
  ])('is not taken with %s, and is not used up by it', async (_what, change) => {
    const code = await client.code();
    expect(await errorOf(await client.exchange(code, change))).toEqual([400, 'invalid_grant']);
    expect((await client.exchange(code)).status).toBe(200);
  });

  test('for one server gives no token for another: invalid_target, and the code is not used up', async () => {
    const code = await client.code();
    const wrong = await client.exchange(code, { resource: `${publicUrl}/fininfo/mcp` });
    expect(await errorOf(wrong)).toEqual([400, 'invalid_target']);
    expect((await client.exchange(code)).status).toBe(200);
  });

  test('that is never fetched leaves no record behind', async () => {
    const code = await client.code();
    expect(code).not.toBe('');
    const before = (await auth.store.sessions.list()).length;
    clock.advance(61);
    await auth.authorization.prune();
    expect((await auth.store.sessions.list()).length).toBe(before - 1);
    expect(auth.lines.join('')).toContain('"reason":"code_unused"');
  });
});

describe('a refresh', () => {
  test('gives new tokens of the same record, also for a client that repeats its scopes', async () => {
    const tokens = await client.tokens();
    const next = await json(await client.refresh(tokens.refresh_token, { scope: 'openid mcp offline_access' }));
    expect(next.refresh_token).not.toBe(tokens.refresh_token);
    expect(next.access_token).not.toBe(tokens.access_token);
    expect(sidOf(next)).toBe(sidOf(tokens));
    expect(next.expires_in).toBeGreaterThan(300);
  });

  test('in parallel gives one refresh token, with expires_in over 300 in each answer', async () => {
    const { refresh_token } = await client.tokens();
    const all = await Promise.all(Array.from({ length: 10 }, async () => json(await client.refresh(refresh_token))));
    expect(new Set(all.map((each) => each.refresh_token)).size).toBe(1);
    expect(Math.min(...all.map((each) => each.expires_in))).toBeGreaterThan(300);
  });

  test('with a stolen token that comes late ends the grant, and the log says so', async () => {
    const first = await client.tokens();
    const second = await json(await client.refresh(first.refresh_token));
    const third = await json(await client.refresh(second.refresh_token));
    clock.advance(46);
    expect(await errorOf(await client.refresh(first.refresh_token))).toEqual([400, 'invalid_grant']);
    expect(await recordOf(third)).toBeUndefined();
    expect(await errorOf(await client.refresh(third.refresh_token))).toEqual([400, 'invalid_grant']);
    expect(auth.lines.join('')).toContain('"reason":"refresh_token_replayed"');
  });

  test('for another resource or by another client is refused, and costs nothing', async () => {
    const { refresh_token } = await client.tokens();
    const wrong = await client.refresh(refresh_token, { resource: `${publicUrl}/mcp` });
    expect(await errorOf(wrong)).toEqual([400, 'invalid_target']);
    expect(await errorOf(await client.refresh(refresh_token, { client_id: other.id }))).toEqual([400, 'invalid_grant']);
    expect((await client.refresh(refresh_token, { resource: `${publicUrl}/currenttime/sse` })).status).toBe(200);
  });

  test('after the end of the record, a revocation or two idle weeks says what to do', async () => {
    const ended = { error: 'invalid_grant', error_description: 'Your login has ended. Log in again.' };
    const one = await client.tokens();
    await auth.store.sessions.end({ sid: sidOf(one) });
    expect(await (await client.refresh(one.refresh_token)).json()).toEqual(ended);
    const two = await client.tokens('bob');
    await auth.store.revocations.add({ kind: 'user', value: 'bob', at: now() });
    expect(await (await client.refresh(two.refresh_token)).json()).toEqual(ended);
    const three = await client.tokens('carol');
    clock.advance(14 * day + 60);
    expect(await (await client.refresh(three.refresh_token)).json()).toEqual(ended);
  });

  test('counts as use: a client that only refreshes is not idle', async () => {
    let tokens = await client.tokens('carol');
    for (let i = 0; i < 3; i++) {
      clock.advance(10 * day - 10);
      if (i < 2) tokens = await json(await client.refresh(tokens.refresh_token));
    }
    expect(tokens.refresh_token).toMatch(/^[\w-]{43}$/);
  });
});

describe('the token endpoint', () => {
  test('answers in JSON, whatever Accept says', async () => {
    const answer = await client.post('/oauth2/token', { client_id: client.id }, { Accept: 'text/html' });
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await errorOf(answer)).toEqual([400, 'unsupported_grant_type']);
  });

  test.each<[string, Record<string, string>, number, string]>([
    ['an unknown client', { client_id: 'eyJnope' }, 401, 'invalid_client'],
    ['no client', {}, 401, 'invalid_client'],
    ['an unknown code', { client_id: client.id, grant_type: 'authorization_code', code: 'x' }, 400, 'invalid_grant'],
    [
      'an unknown refresh token',
      { client_id: client.id, grant_type: 'refresh_token', refresh_token: 'x' },
      400,
      'invalid_grant',
    ],
    ['a password', { client_id: client.id, grant_type: 'password' }, 400, 'unsupported_grant_type'],
  ])('refuses %s', async (_what, form, status, error) => {
    expect(await errorOf(await client.post('/oauth2/token', form))).toEqual([status, error]);
  });

  test('refuses a parameter that is there twice, and a body that is no form', async () => {
    const send = (body: string, type: string) =>
      fetch(`${auth.url}/oauth2/token`, { method: 'POST', body, headers: { 'Content-Type': type } });
    const form = 'application/x-www-form-urlencoded';
    const twice = await send(`client_id=${client.id}&grant_type=refresh_token&grant_type=refresh_token`, form);
    expect(await errorOf(twice)).toEqual([400, 'invalid_request']);
    const resources = `client_id=${client.id}&grant_type=refresh_token&refresh_token=x&resource=a&resource=b`;
    expect(await errorOf(await send(resources, form))).toEqual([400, 'invalid_grant']);
    expect(await errorOf(await send('{"grant_type":"refresh_token"}', 'application/json'))).toEqual([
      400,
      'invalid_request',
    ]);
    expect(await errorOf(await send(`a=${'x'.repeat(20_000)}`, form))).toEqual([413, 'invalid_request']);
  });

  test('lets an address whose requests are refused too often wait, and no other one', async () => {
    const from = (address: string) => client.post('/oauth2/token', { client_id: client.id }, { 'X-Real-IP': address });
    for (let i = 0; i < 600; i++) await from('203.0.113.7');
    const waiting = await from('203.0.113.7');
    expect(Number(waiting.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await errorOf(waiting)).toEqual([429, 'temporarily_unavailable']);
    expect((await from('203.0.113.8')).status).toBe(400);
  });

  test('lets pages of any origin ask, without credentials', async () => {
    const asked = await fetch(`${auth.url}/oauth2/token`, { method: 'OPTIONS' });
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
  });

  test('publishes the keys of access tokens, and no others', async () => {
    const keysAt = async (path: string) => (await (await fetch(auth.url + path)).json()) as { keys: { kid: string }[] };
    const { keys } = await keysAt('/oauth2/jwks');
    const { access_token } = await client.tokens();
    expect(keys.map(({ kid }) => kid)).toContain(decodeProtectedHeader(access_token).kid);
    const assertions = await keysAt('/.well-known/jwks.json');
    expect(assertions.keys.some(({ kid }) => keys.some((key) => key.kid === kid))).toBe(false);
    expect(JSON.stringify(keys)).not.toContain('"d"');
  });
});

describe('a revocation', () => {
  test.each(['access_token', 'refresh_token'] as const)('of the %s ends the grant at once', async (which) => {
    const tokens = await client.tokens();
    expect((await client.revoke(tokens[which])).status).toBe(200);
    expect(await recordOf(tokens)).toBeUndefined();
    expect(await errorOf(await client.refresh(tokens.refresh_token))).toEqual([400, 'invalid_grant']);
  });

  test('of a refresh token that was replaced ends the grant too', async () => {
    const tokens = await client.tokens();
    const next = await json(await client.refresh(tokens.refresh_token));
    expect((await client.revoke(tokens.refresh_token)).status).toBe(200);
    expect(await recordOf(next)).toBeUndefined();
  });

  test("of an unknown token, or of another client's, changes nothing and says nothing", async () => {
    const tokens = await client.tokens();
    for (const token of ['x', 'a.b.c', '']) expect((await client.revoke(token)).status).toBe(200);
    for (const token of [tokens.access_token, tokens.refresh_token])
      expect((await other.revoke(token)).status).toBe(200);
    expect(await recordOf(tokens)).toBeDefined();
    expect(await errorOf(await client.revoke(tokens.refresh_token, { client_id: 'x' }))).toEqual([
      401,
      'invalid_client',
    ]);
  });

  test('ends the login at the provider too', async () => {
    const tokens = await client.tokens('carol');
    const locked = (await recordOf(tokens))?.refreshToken ?? '';
    const provider = auth.authorization.oauth.providers.get('cognito');
    const token = await auth.vault.unlock(locked);
    await client.revoke(tokens.refresh_token);
    // The client does not wait for the provider. With another subject, the token works and is refused all the same.
    const answer = async () => await provider?.refresh(token, 'x').catch((error: Error) => error.message);
    while (String(await answer()).includes('another person')) await sleep(20);
    expect(await answer()).toContain('refuses');
  });
});

test('no line of the log holds a code, a token or a verifier', async () => {
  const code = await client.code(newVisitor(auth.url));
  const tokens = await json(await client.exchange(code));
  const text = auth.lines.join('');
  for (const secret of [code, tokens.access_token, tokens.refresh_token, 'v'.repeat(43)])
    expect(text).not.toContain(secret);
});
