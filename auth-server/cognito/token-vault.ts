import { CompactEncrypt, compactDecrypt } from 'jose';
import { purposeKey } from '../../common/identity/purpose-key.ts';

export type TokenVault = ReturnType<typeof createTokenVault>;

/**
 * Encrypts refresh tokens for the store, so that a copy of the database discloses none.
 * @param secretKeys `SECRET_KEY`: the first locks, all unlock (JWE, A256GCM, with a key for this purpose only)
 */
export function createTokenVault(secretKeys: readonly [string, ...string[]]) {
  const keys = secretKeys.map((key) => purposeKey(key, 'refresh token'));
  const [first] = keys as [Uint8Array, ...Uint8Array[]];
  return {
    lock: (token: string) =>
      new CompactEncrypt(new TextEncoder().encode(token))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(first),
    /** @throws jose's errors if the token was locked with a key that is no longer in use */
    async unlock(locked: string) {
      for (const key of keys.slice(0, -1)) {
        const opened = await compactDecrypt(locked, key).catch(() => undefined);
        if (opened) return new TextDecoder().decode(opened.plaintext);
      }
      return new TextDecoder().decode((await compactDecrypt(locked, keys.at(-1) as Uint8Array)).plaintext);
    },
  };
}
