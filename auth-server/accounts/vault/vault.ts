import { hash } from 'node:crypto';
import { FlattenedEncrypt, flattenedDecrypt } from 'jose';
import { purposeKey } from '../../../common/identity/purpose-key.ts';

export type Vault = ReturnType<typeof createVault>;

interface VaultKey {
  /** Tells keys apart without trying each; says nothing of the key. */
  id: string;
  bytes: Uint8Array;
}

/** Keys by their text: deriving one costs more than opening a row. */
function derived(text: string, known: Map<string, VaultKey>): VaultKey {
  const before = known.get(text);
  if (before) return before;
  const bytes = purposeKey(text, "people's accounts");
  const key = { id: hash('sha256', bytes, 'base64url').slice(0, 12), bytes };
  known.set(text, key);
  return key;
}

/**
 * Locks people's tokens for the store (JWE, A256GCM). What is locked for one account opens for no other: the account's key is
 * its additional data.
 * @param keys of ACCOUNTS_KEY_FILE as they are now: the first locks, all open
 */
export function createVault(keys: () => readonly string[] | Promise<readonly string[]>) {
  const known = new Map<string, VaultKey>();
  const all = async () => (await keys()).map((text) => derived(text, known));
  return {
    /**
     * @param owner additional data, such as an account's key
     * @throws {ConfigError} if there is no key
     */
    async lock(owner: string, text: string): Promise<string> {
      const [first] = await all();
      if (!first) throw new TypeError('there is no key');
      const encrypt = new FlattenedEncrypt(Buffer.from(text, 'utf8')).setAdditionalAuthenticatedData(dataOf(owner));
      const jwe = await encrypt.setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: first.id }).encrypt(first.bytes);
      return [jwe.protected, jwe.iv, jwe.ciphertext, jwe.tag].join('.');
    },
    /** @returns undefined if no key opens it, or it was locked for another owner, or it is not whole */
    async open(owner: string, locked: string): Promise<string | undefined> {
      const id = keyIdOf(locked);
      const key = (await all()).find((each) => each.id === id);
      if (!key) return undefined;
      const [header = '', iv = '', ciphertext = '', tag = ''] = locked.split('.');
      const aad = Buffer.from(dataOf(owner)).toString('base64url');
      const jwe = { protected: header, iv, ciphertext, tag, aad };
      const only = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };
      const opened = await flattenedDecrypt(jwe, key.bytes, only).catch(() => undefined);
      return opened && new TextDecoder().decode(opened.plaintext);
    },
    /** Whether the key that locks now has locked it. */
    async isNewest(locked: string): Promise<boolean> {
      const [first] = await all();
      return first !== undefined && first.id === keyIdOf(locked);
    },
  };
}

function dataOf(owner: string): Uint8Array {
  return Buffer.from(owner, 'utf8');
}

function keyIdOf(locked: string): unknown {
  try {
    return JSON.parse(Buffer.from(locked.split('.', 1)[0] ?? '', 'base64url').toString('utf8')).kid;
  } catch {
    return undefined;
  }
}
