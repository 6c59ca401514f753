import { SignJWT } from 'jose';
import { createSessionSeal } from '../../../../auth-server/identity/session.ts';
import { purposeKey } from '../../../../auth-server/keys/purpose-key.ts';

const secret = '0123456789abcdef0123456789abcdef';
const now = () => Math.floor(Date.now() / 1000);
const claims = { sid: 's', sub: 'alice', username: 'Alice', groups: ['g'] };
const seal = createSessionSeal([secret]);

/** A cookie with the right key and claims, of which each test spoils one thing; a claim of `undefined` is left out. */
function forged(change: Record<string, unknown> = {}, alg = 'HS256', key = purposeKey(secret, 'session')) {
  const payload = { ...claims, aud: 'session', iat: now(), exp: now() + 60, ...change };
  return new SignJWT(JSON.parse(JSON.stringify(payload))).setProtectedHeader({ alg }).sign(key);
}

describe('a cookie made by hand', () => {
  test('as the gateway makes it is opened, so that the refusals below mean what they say', async () => {
    expect(await seal.open(await forged())).toMatchObject(claims);
  });

  test.each(['exp', 'iat', 'sub', 'sid', 'username', 'groups', 'aud'])(
    'without %s is not one of ours',
    async (claim) => {
      await expect(seal.open(await forged({ [claim]: undefined }))).rejects.toMatchObject({
        code: 'session_invalid',
        message: 'The session cookie is not one of this gateway. Log in again.',
      });
    },
  );

  test('for another purpose, or signed in another way, is not one of ours', async () => {
    const wrong = [
      forged({ aud: 'login' }),
      forged({}, 'HS384'),
      forged({}, 'HS512'),
      forged({}, 'HS256', purposeKey(secret, 'login')),
    ];
    for (const value of await Promise.all(wrong))
      await expect(seal.open(value)).rejects.toMatchObject({ code: 'session_invalid' });
  });

  test('that has expired says so, and what to do', async () => {
    await expect(seal.open(await forged({ exp: now() - 1 }))).rejects.toMatchObject({
      code: 'session_expired',
      message: 'The session has expired. Log in again.',
    });
  });
});

test('a cookie of 4096 letters is opened, a longer one is not looked at', async () => {
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

test('the key of sessions is the same with every release, or everybody would have to log in again', () => {
  // HKDF-SHA256 (RFC 5869) without salt, of the info "mcp-gateway session", worked out with HMAC alone.
  expect(Buffer.from(purposeKey(secret, 'session')).toString('hex')).toBe(
    '0ade9a518b655b36953d8608091f1e860c432193c58f08e3f58fc681f8827d77',
  );
});
