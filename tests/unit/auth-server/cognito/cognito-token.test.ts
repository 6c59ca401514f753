import { jest } from '@jest/globals';
import { FetchError, JwtExpiredError } from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { createTokenVerifier } from '../../../../auth-server/cognito/cognito-token.ts';
import { issuer, jwks, now, pool, publicUrl, token, verifierOf } from '../../../support/auth-server/own-pool.ts';

const verify = async (change?: Record<string, unknown>) => await verifierOf().verify(await token(change));

describe('a good access token', () => {
  test('yields the claims that the gateway uses, and no others', async () => {
    const exp = now() + 60;
    expect(await verify({ exp, jti: 'x', auth_time: 1 })).toEqual({
      ...{ sub: 'alice', client_id: 'web', username: 'Alice', groups: ['g', 'h'], scopes: ['a/b', 'c/d'], exp },
      ...{ iat: expect.any(Number), authTime: 1 },
    });
  });

  test('without groups, scopes or username yields none of them', async () => {
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

  test.each(['web', ['web'], ['web', publicUrl]])(
    "may be for the audience %j, because the pool's triggers write the app client there",
    async (aud) => {
      expect((await verify({ aud })).sub).toBe('alice');
    },
  );

  test.each([
    [240, true],
    [360, false],
  ])('that was issued %d seconds from now is accepted: %s, because clocks may differ a little', async (ahead, good) => {
    const asked = verify({ iat: now() + ahead, exp: now() + 600 });
    if (good) expect((await asked).sub).toBe('alice');
    else
      await expect(asked).rejects.toMatchObject({
        message: expect.stringMatching(/3[56]\d s in the future by this gateway's clock \(\d\d:\d\d:\d\dZ\)/),
      });
  });
});

describe('a token with a valid signature and a wrong claim', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['has no expiry', { exp: undefined }, /no expiry/],
    ['has an expiry that is a string', { exp: '2030' }, /refused/],
    ['has no issue time', { iat: undefined }, /does not say when/],
    ['has an issue time that is a string', { iat: '0' }, /refused/],
    ['is for another server', { aud: 'https://other.example' }, /another server/],
    ['has an empty audience', { aud: [] }, /another server/],
    ['is for a server whose URL has ours as a prefix', { aud: `${publicUrl}.evil.example` }, /another server/],
    ['has a number as its audience', { aud: [7] }, /refused/],
    ['is for an app client that is not allowed', { aud: 'other-client' }, /another server/],
    ['is for its app client and another server', { aud: ['web', 'https://other.example'] }, /another server/],
    ['names no subject', { sub: undefined }, /names no subject/],
    ['has a number as its subject', { sub: 7 }, /refused/],
    ['has a list of scopes', { scope: ['a/b'] }, /refused/],
    ['has a string instead of a list of groups', { 'cognito:groups': 'g' }, /groups are unreadable/],
    ['has a number among its groups', { 'cognito:groups': ['g', 7] }, /groups are unreadable/],
    ['is an ID token', { token_use: 'id' }, /ID token/],
    ['is of an app client that is not allowed', { client_id: 'evil' }, /app client is not allowed/],
    ['is of no app client', { client_id: undefined }, /refused/],
    ['is of another pool', { iss: issuer.replace('Pool', 'Evil') }, /another user pool/],
    ['is of no pool', { iss: undefined }, /refused/],
  ])('that %s is rejected', async (_what, change, why) => {
    await expect(verify(change)).rejects.toMatchObject({
      code: 'token_invalid',
      message: expect.stringMatching(/^The access token was refused: .*\.$/),
    });
    await expect(verify(change)).rejects.toThrow(why);
  });

  test('that has expired is rejected with that reason, and the log gets the cause', async () => {
    await expect(verify({ iat: now() - 60, exp: now() - 1 })).rejects.toMatchObject({
      code: 'token_expired',
      message: expect.stringMatching(/expired.*Get a new one and try again\.$/),
      cause: expect.any(JwtExpiredError),
    });
  });

  test('or an empty string is rejected without fetching keys', async () => {
    const verifier = verifierOf();
    for (const value of ['', 'a', 'a.b', 'a.b.c', '..', 'a.b.c.d.e'])
      await expect(verifier.verify(value)).rejects.toMatchObject({ code: 'token_invalid' });
    expect(verifier.seen.asked).toEqual([]);
  });
});

describe("the pool's keys", () => {
  test('are fetched once, from the configured pool, and each successful fetch is reported', async () => {
    const verifier = verifierOf();
    for (let i = 0; i < 3; i++) await verifier.verify(await token());
    expect(verifier.seen).toEqual({ asked: [`${issuer}/.well-known/jwks.json`], brought: 1 });
  });

  test('can be fetched before the first request', async () => {
    const verifier = verifierOf();
    await verifier.warmUp();
    const asked = [...verifier.seen.asked];
    expect(asked).toContain(`${issuer}/.well-known/jwks.json`);
    expect(verifier.seen.brought).toBe(asked.length);
    await verifier.verify(await token());
    expect(verifier.seen.asked).toEqual(asked);
  });

  test('are fetched again for an unknown key, but not repeatedly for a key that does not exist', async () => {
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

  test('that cannot be fetched do not make the token invalid, and no fetch is reported', async () => {
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

  test('are fetched without a listener too', async () => {
    const fetcher = { fetch: async () => new TextEncoder().encode(JSON.stringify(jwks)).buffer as ArrayBuffer };
    const jwksCache = new SimpleJwksCache({ fetcher });
    const quiet = createTokenVerifier({ userPoolId: pool, allowedClientIds: ['web'], publicUrl, jwksCache });
    expect((await quiet.verify(await token())).sub).toBe('alice');
  });
});

test('A verified token is cached until the keys are fetched again, because a key may be gone; an invalid token is never cached', async () => {
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

describe('the message about a rejected token', () => {
  const messageOf = async (value: string) => {
    const error = await verifierOf()
      .verify(value)
      .then(undefined, (thrown: Error) => thrown);
    return error instanceof Error ? error.message : 'it was accepted';
  };
  const refusedAs = async (change: Record<string, unknown>) =>
    /^The access token was refused: (.*)\.$/.exec(await messageOf(await token(change)))?.[1];

  test('names the pool that issued the token, if there is one, and the pool that this gateway trusts', async () => {
    expect(await refusedAs({ iss: issuer.replace('Pool', 'Evil') })).toBe(
      'it comes from another user pool (us-east-1_Evil; this gateway trusts us-east-1_Pool)',
    );
    expect(await refusedAs({ iss: 'https://evil.example/not a pool' })).toBe('it comes from another user pool');
  });

  test('names the app client and the server, in ASCII and cut to a limit', async () => {
    expect(await refusedAs({ client_id: 'a"b<c>\nü$' })).toBe(
      'its app client is not allowed here: a?b?c???? is not in COGNITO_ALLOWED_CLIENT_IDS',
    );
    expect(await refusedAs({ client_id: 'x'.repeat(200) })).toContain(` ${'x'.repeat(128)} is not in`);
    expect(await refusedAs({ aud: ['https://one.example/a', 'two-2.example'] })).toBe(
      'the token is for another server (aud https://one.example/a two-2.example)',
    );
  });

  test('names the kind of token, if it can be recognised', async () => {
    expect(await refusedAs({ token_use: 'id' })).toBe('it is an ID token; send the access token');
    expect(await refusedAs({ token_use: 'refresh' })).toBe('it is not an access token');
    expect(await messageOf('a.b.c.d.e')).toMatch(/refresh token/);
    expect(await messageOf('a.b.c')).toBe('The access token was refused: it is not an access token of this user pool.');
  });

  test('says how long ago the token expired, at least a second, and by which clock', async () => {
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

  test('does not quote the library, whose message goes to the log', async () => {
    await expect(verify({ iss: 'https://evil.example' })).rejects.toMatchObject({ cause: expect.any(Error) });
  });
});

test('a token from a clock that is exactly five minutes ahead is accepted', async () => {
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
