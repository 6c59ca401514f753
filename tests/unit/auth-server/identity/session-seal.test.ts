import { SignJWT } from 'jose';
import { createSessionSeal } from '../../../../auth-server/identity/cookie/session.ts';
import { purposeKey } from '../../../../common/identity/purpose-key.ts';

const secret = '0123456789abcdef0123456789abcdef';
const now = () => Math.floor(Date.now() / 1000);
const claims = { sid: 's', sub: 'alice', username: 'Alice' };
const seal = createSessionSeal([secret]);

/** A cookie with a valid key and claims. Each test changes one thing; a claim of `undefined` is left out. */
function forged(change: Record<string, unknown> = {}, alg = 'HS256', key = purposeKey(secret, 'session')) {
  const payload = { ...claims, aud: 'session', iat: now(), exp: now() + 60, ...change };
  return new SignJWT(JSON.parse(JSON.stringify(payload))).setProtectedHeader({ alg }).sign(key);
}

describe('a cookie made by hand', () => {
  test('is opened when it equals one of the gateway, so that the rejections below are meaningful', async () => {
    expect(await seal.open(await forged())).toMatchObject(claims);
  });

  test.each(['exp', 'iat', 'sub', 'sid', 'username', 'aud'])('without %s is rejected', async (claim) => {
    await expect(seal.open(await forged({ [claim]: undefined }))).rejects.toMatchObject({
      code: 'session_invalid',
      message: 'The session cookie is not one of this gateway. Log in again.',
    });
  });

  test('for another purpose or with another algorithm is rejected', async () => {
    const wrong = [
      forged({ aud: 'login' }),
      forged({}, 'HS384'),
      forged({}, 'HS512'),
      forged({}, 'HS256', purposeKey(secret, 'login')),
    ];
    for (const value of await Promise.all(wrong))
      await expect(seal.open(value)).rejects.toMatchObject({ code: 'session_invalid' });
  });

  test('that has expired gives an error that tells the user to log in again', async () => {
    await expect(seal.open(await forged({ exp: now() - 1 }))).rejects.toMatchObject({
      code: 'session_expired',
      message: 'The session has expired. Log in again.',
    });
  });
});

test('a cookie of 4096 characters is opened, a longer one is rejected unread', async () => {
  const ofLength = async (length: number): Promise<string> => {
    const payload = { ...claims, exp: now() + 60 };
    const spare = length - (await seal.seal(payload)).length;
    for (let pad = Math.floor((spare * 3) / 4) - 2; ; pad++) {
      const value = await seal.seal({ ...payload, username: claims.username + 'x'.repeat(pad) });
      if (value.length >= length) return value;
    }
  };
  const [longest, tooLong] = [await ofLength(4096), await ofLength(4097)];
  expect([longest.length, tooLong.length]).toEqual([4096, 4097]);
  expect(await seal.open(longest)).toMatchObject({ sid: 's' });
  await expect(seal.open(tooLong)).rejects.toMatchObject({ code: 'session_invalid' });
});

test('the session key stays the same in every release: otherwise every user would have to log in again', () => {
  // HKDF-SHA256 (RFC 5869) without salt, with the info "mcp-gateway session", computed with HMAC only.
  expect(Buffer.from(purposeKey(secret, 'session')).toString('hex')).toBe(
    '0ade9a518b655b36953d8608091f1e860c432193c58f08e3f58fc681f8827d77',
  );
});
