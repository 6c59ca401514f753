import { compactDecrypt, decodeProtectedHeader } from 'jose';
import { createTokenVault } from '../../../../auth-server/cognito/token-vault.ts';
import { purposeKey } from '../../../../common/identity/purpose-key.ts';
import { oldSecretKey, secretKey } from '../../../support/auth-server/auth-fixture.ts';

const token = `eyJ.${'refresh'.repeat(300)}`;
const third = 'third-key-third-key-third-key-third-key';

describe('the vault of refresh tokens', () => {
  test('unlocks what it locked, and locks the same token differently each time', async () => {
    const vault = createTokenVault([secretKey]);
    const [one, two] = [await vault.lock(token), await vault.lock(token)];
    expect(await vault.unlock(one)).toBe(token);
    expect(one).not.toBe(two);
    expect(one).not.toContain('refresh');
    expect(decodeProtectedHeader(one)).toEqual({ alg: 'dir', enc: 'A256GCM' });
  });

  test('locks with the first key of a list, and unlocks with all of them', async () => {
    const rotated = createTokenVault([secretKey, oldSecretKey, third]);
    for (const key of [secretKey, oldSecretKey, third])
      expect(await rotated.unlock(await createTokenVault([key]).lock(token))).toBe(token);
    expect(await createTokenVault([secretKey]).unlock(await rotated.lock(token))).toBe(token);
  });

  test.each<[string, (locked: string) => string | Promise<string>]>([
    ['locked with a key that is gone', () => createTokenVault([third]).lock(token)],
    ['changed', (locked) => `${locked.slice(0, -4)}AAAA`],
    ['cut', (locked) => locked.slice(0, 40)],
    ['empty', () => ''],
    ['not a token of the vault', () => token],
  ])('does not unlock what is %s', async (_what, make) => {
    const vault = createTokenVault([secretKey, oldSecretKey]);
    await expect(vault.unlock(await make(await vault.lock(token)))).rejects.toThrow();
  });

  test('uses a key of its own, not the one of sessions or logins', async () => {
    const locked = await createTokenVault([secretKey]).lock(token);
    for (const purpose of ['session', 'login', 'local session'])
      await expect(compactDecrypt(locked, purposeKey(secretKey, purpose))).rejects.toThrow();
  });
});
