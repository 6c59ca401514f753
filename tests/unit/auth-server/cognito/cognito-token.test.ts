import { jest } from '@jest/globals';
import { FetchError, JwtExpiredError } from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { createTokenVerifier } from '../../../../auth-server/cognito/cognito-token.ts';
import { issuer, jwks, now, pool, publicUrl, token, verifierOf } from '../../../support/auth-server/own-pool.ts';

const verify = async (change?: Record<string, unknown>) => await verifierOf().verify(await token(change));

describe('a good access token', () => {
  test('says who it is for, and nothing that is not used', async () => {
    const exp = now() + 60;
    expect(await verify({ exp, jti: 'x', auth_time: 1 })).toEqual({
      ...{ sub: 'alice', client_id: 'web', username: 'Alice', groups: ['g', 'h'], scopes: ['a/b', 'c/d'], exp },
      ...{ iat: expect.any(Number) },
    });
  });

  test('without groups, scopes or username names none', async () => {
    const bare = await verify({ 'cognito:groups': undefined, scope: undefined, username: undefined });
    expect(bare).toMatchObject({ groups: [], scopes: [], username: undefined });
    expect(await verify({ scope: '  a/b   c/d ', username: 7 })).toMatchObject({
      scopes: ['a/b', 'c/d'],
      username: undefined,
    });
  });

  test.each([undefined, publicUrl, `${publicUrl}/clock/mcp`, [publicUrl], ['https://other.example', publicUrl]])(
    'may be for the audience %j',
    async (aud) => {
      expect((await verify({ aud })).sub).toBe('alice');
    },
  );

  test.each([
    [240, true],
    [360, false],
  ])('that was issued %d seconds from now is taken: %s, because clocks differ by a little', async (ahead, good) => {
    const asked = verify({ iat: now() + ahead, exp: now() + 600 });
    if (good) expect((await asked).sub).toBe('alice');
    else
      await expect(asked).rejects.toMatchObject({
        message: expect.stringMatching(/3[56]\d s in the future by this gateway's clock \(\d\d:\d\d:\d\dZ\)/),
      });
  });
});

describe('a token that is signed well and says something wrong', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['does not end', { exp: undefined }, /no expiry/],
    ['ends at a text', { exp: '2030' }, /refused/],
    ['was issued at no time', { iat: undefined }, /does not say when/],
    ['was issued at a text', { iat: '0' }, /refused/],
    ['is for another server', { aud: 'https://other.example' }, /another server/],
    ['is for nothing', { aud: [] }, /another server/],
    ['is for a server that starts alike', { aud: `${publicUrl}.evil.example` }, /another server/],
    ['is for a number', { aud: [7] }, /refused/],
    ['names no subject', { sub: undefined }, /names no subject/],
    ['names a number', { sub: 7 }, /refused/],
    ['has a list of scopes', { scope: ['a/b'] }, /refused/],
    ['has a group for its groups', { 'cognito:groups': 'g' }, /groups are unreadable/],
    ['has a number among its groups', { 'cognito:groups': ['g', 7] }, /groups are unreadable/],
    ['is an ID token', { token_use: 'id' }, /ID token/],
    ['is of an app client that is not allowed', { client_id: 'evil' }, /app client is not allowed/],
    ['is of no app client', { client_id: undefined }, /refused/],
    ['is of another pool', { iss: issuer.replace('Pool', 'Evil') }, /another user pool/],
    ['is of no pool', { iss: undefined }, /refused/],
  ])('because it %s is refused', async (_what, change, why) => {
    await expect(verify(change)).rejects.toMatchObject({
      code: 'token_invalid',
      message: expect.stringMatching(/^The access token was refused: .*\.$/),
    });
    await expect(verify(change)).rejects.toThrow(why);
  });

  test('or has expired, is told so, and the log gets the cause', async () => {
    await expect(verify({ iat: now() - 60, exp: now() - 1 })).rejects.toMatchObject({
      code: 'token_expired',
      message: expect.stringMatching(/expired.*Get a new one and try again\.$/),
      cause: expect.any(JwtExpiredError),
    });
  });

  test('or nothing at all is refused without asking for keys', async () => {
    const verifier = verifierOf();
    for (const value of ['', 'a', 'a.b', 'a.b.c', '..', 'a.b.c.d.e'])
      await expect(verifier.verify(value)).rejects.toMatchObject({ code: 'token_invalid' });
    expect(verifier.seen.asked).toEqual([]);
  });
});

describe("the pool's keys", () => {
  test('are fetched once, from the pool of the settings, and each fetch that brought some is told', async () => {
    const verifier = verifierOf();
    for (let i = 0; i < 3; i++) await verifier.verify(await token());
    expect(verifier.seen).toEqual({ asked: [`${issuer}/.well-known/jwks.json`], brought: 1 });
  });

  test('may be fetched ahead of the first request', async () => {
    const verifier = verifierOf();
    await verifier.warmUp();
    const asked = [...verifier.seen.asked];
    expect(asked).toContain(`${issuer}/.well-known/jwks.json`);
    expect(verifier.seen.brought).toBe(asked.length);
    await verifier.verify(await token());
    expect(verifier.seen.asked).toEqual(asked);
  });

  test('are asked for again for a key that is new, and not at once again for one that there is not', async () => {
    const known = { keys: [] as object[] };
    const verifier = verifierOf(() => known);
    await verifier.warmUp();
    const before = verifier.seen.asked.length;
    known.keys = jwks.keys;
    expect((await verifier.verify(await token())).sub).toBe('alice');
    expect(verifier.seen.asked).toHaveLength(before + 1);
    await expect(verifier.verify(await token({}, 'k2'))).rejects.toMatchObject({
      code: 'token_invalid',
      message: expect.stringMatching(/not signed by the gateway's user pool/),
    });
    await expect(verifier.verify(await token({}, 'k2'))).rejects.toMatchObject({
      code: 'identity_provider_unavailable',
    });
    expect(verifier.seen.asked).toHaveLength(before + 2);
  });

  test('that cannot be fetched are no reason to doubt the token, and nobody is told that some came', async () => {
    const verifier = verifierOf(() => {
      throw new FetchError('https://pool.example', 'down');
    });
    await expect(verifier.verify(await token())).rejects.toMatchObject({
      code: 'identity_provider_unavailable',
      message: "The identity provider's keys cannot be fetched at the moment. Try again.",
      cause: expect.any(FetchError),
    });
    expect(verifier.seen.brought).toBe(0);
  });

  test('need nobody who counts them', async () => {
    const fetcher = { fetch: async () => new TextEncoder().encode(JSON.stringify(jwks)).buffer as ArrayBuffer };
    const jwksCache = new SimpleJwksCache({ fetcher });
    const quiet = createTokenVerifier({ userPoolId: pool, allowedClientIds: ['web'], publicUrl, jwksCache });
    expect((await quiet.verify(await token())).sub).toBe('alice');
  });
});

test('A verified token is known until the keys are fetched anew, for one may be gone; a bad one never is', async () => {
  const verifier = verifierOf();
  const good = await token();
  expect(verifier.known(good)).toBeUndefined();
  const claims = await verifier.verify(good);
  expect(verifier.known(good)).toBe(claims);
  const bad = `${good.slice(0, -8)}AAAAAAAA`;
  await expect(verifier.verify(bad)).rejects.toMatchObject({ code: 'token_invalid' });
  expect(verifier.known(bad)).toBeUndefined();
  expect(verifier.known(good)).toBe(claims);
  await expect(verifier.verify(await token({}, 'k2'))).rejects.toMatchObject({ code: 'token_invalid' });
  expect(verifier.known(good)).toBeUndefined();
});

describe('what a refusal tells whoever sent the token', () => {
  const messageOf = async (value: string) => {
    const error = await verifierOf()
      .verify(value)
      .then(undefined, (thrown: Error) => thrown);
    return error instanceof Error ? error.message : 'it was not refused';
  };
  const refusedAs = async (change: Record<string, unknown>) =>
    /^The access token was refused: (.*)\.$/.exec(await messageOf(await token(change)))?.[1];

  test('is which pool it comes from, where it comes from one, and which this gateway trusts', async () => {
    expect(await refusedAs({ iss: issuer.replace('Pool', 'Evil') })).toBe(
      'it comes from another user pool (us-east-1_Evil; this gateway trusts us-east-1_Pool)',
    );
    expect(await refusedAs({ iss: 'https://evil.example/not a pool' })).toBe('it comes from another user pool');
  });

  test('is which app client and which server it is for, in plain letters and not at any length', async () => {
    expect(await refusedAs({ client_id: 'a"b<c>\nü$' })).toBe(
      'its app client is not allowed here: a?b?c???? is not in COGNITO_ALLOWED_CLIENT_IDS',
    );
    expect(await refusedAs({ client_id: 'x'.repeat(200) })).toContain(` ${'x'.repeat(128)} is not in`);
    expect(await refusedAs({ aud: ['https://one.example/a', 'two-2.example'] })).toBe(
      'the token is for another server (aud https://one.example/a two-2.example)',
    );
  });

  test('is what else it is, where that can be seen', async () => {
    expect(await refusedAs({ token_use: 'id' })).toBe('it is an ID token; send the access token');
    expect(await refusedAs({ token_use: 'refresh' })).toBe('it is not an access token');
    expect(await messageOf('a.b.c.d.e')).toMatch(/refresh token/);
    expect(await messageOf('a.b.c')).toBe('The access token was refused: it is not an access token of this user pool.');
  });

  test('is how long ago it expired, at least a second, and by which clock', async () => {
    const expiredFor = async (seconds: number) => {
      const message = await messageOf(await token({ iat: now() - 999, exp: now() - seconds }));
      return /^The access token expired (\d+) s ago \(it is (\d\d):\d\d:\d\dZ by this gateway's clock\)\. /.exec(
        message,
      );
    };
    const long = await expiredFor(90);
    expect([90, 91]).toContain(Number(long?.[1]));
    expect([new Date().getUTCHours(), new Date(Date.now() - 5_000).getUTCHours()]).toContain(Number(long?.[2]));
    expect([1, 2]).toContain(Number((await expiredFor(1))?.[1]));
  });

  test('is not what the library says of it, which the log gets', async () => {
    await expect(verify({ iss: 'https://evil.example' })).rejects.toMatchObject({ cause: expect.any(Error) });
  });
});

test('a clock that is off by exactly five minutes is still believed', async () => {
  const iat = now();
  const value = await token({ iat: iat + 300, exp: iat + 900 });
  const verifier = verifierOf();
  const clock = jest.spyOn(Date, 'now').mockReturnValue(iat * 1000);
  try {
    expect((await verifier.verify(value)).iat).toBe(iat + 300);
  } finally {
    clock.mockRestore();
  }
});
