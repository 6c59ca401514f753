import { decodeJwt, decodeProtectedHeader } from 'jose';
import { createSessionSeal } from '../../../../auth-server/identity/cookie/session.ts';
import { purposeKey } from '../../../../common/identity/purpose-key.ts';
import { alice, now, oldSecretKey, secretKey } from '../../../support/auth-server/auth-fixture.ts';

const { sub, username } = alice;
const claims = { sub, username, sid: 's', exp: now() + 60 };

describe('the seal of the session cookie', () => {
  test('opens what it sealed without loss', async () => {
    const seal = createSessionSeal([secretKey]);
    expect(await seal.open(await seal.seal(claims))).toMatchObject(claims);
  });

  test('is a JWT with HS256, for sessions only', async () => {
    const value = await createSessionSeal([secretKey]).seal(claims);
    expect(decodeProtectedHeader(value)).toEqual({ alg: 'HS256' });
    expect(decodeJwt(value)).toMatchObject({ aud: 'session', exp: claims.exp });
  });

  test('seals with the first key of a list, and opens with all of them', async () => {
    const rotated = createSessionSeal([secretKey, oldSecretKey]);
    expect(await rotated.open(await createSessionSeal([oldSecretKey]).seal(claims))).toMatchObject(claims);
    expect(await createSessionSeal([secretKey]).open(await rotated.seal(claims))).toMatchObject(claims);
    await expect(createSessionSeal([oldSecretKey]).open(await rotated.seal(claims))).rejects.toMatchObject({
      code: 'session_invalid',
    });
  });

  test('distinguishes an expired session from one of another gateway, with an old key too', async () => {
    const value = await createSessionSeal([oldSecretKey]).seal({ ...claims, exp: now() - 1 });
    const rotated = createSessionSeal([secretKey, oldSecretKey]);
    await expect(rotated.open(value)).rejects.toMatchObject({ code: 'session_expired' });
    await expect(createSessionSeal([secretKey]).open(value)).rejects.toMatchObject({ code: 'session_invalid' });
  });

  test('uses a different key for each purpose and each secret', () => {
    const all = [purposeKey(secretKey, 'session'), purposeKey(secretKey, 'login'), purposeKey(oldSecretKey, 'session')];
    expect(new Set(all.map((key) => Buffer.from(key).toString('hex'))).size).toBe(3);
    expect(all.every((key) => key.length === 32)).toBe(true);
  });
});
