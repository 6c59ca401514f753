import { createLocalJWKSet, importJWK, type JSONWebKeySet, type JWK, type JWTVerifyGetKey } from 'jose';
import type { KeyStore, StoredKey } from '../store/key.ts';
import { stateOf } from './key-plan.ts';
import { algorithms, createKeyRotation, type KeyRotation, publicHalf } from './key-rotation.ts';

export type SigningKeys = ReturnType<typeof createSigningKeys>;

type SigningKey = { kid: string; alg: string; key: CryptoKey | Uint8Array };

/**
 * The keys of one purpose, to sign and to verify with. Keys are never derived from `SECRET_KEY`, which people keep on
 * laptops: its owner could then impersonate anyone.
 * @param rotation replaces the keys; called here only when there is no key to sign with
 */
export function createSigningKeys(store: KeyStore, rotation: KeyRotation = createKeyRotation(store)) {
  const alg = algorithms[store.purpose];
  let imported: SigningKey | undefined;
  const jwks = async (): Promise<{ keys: JWK[] }> => {
    const stored = await store.list();
    return { keys: stored.map(({ jwk }) => ({ ...publicHalf(jwk), alg, use: 'sig' })) };
  };
  return {
    alg,
    /** The key that signs now. Read each time: another process may have switched to the next key. */
    async current(): Promise<SigningKey> {
      const { kid, jwk } = await signingKey(store, rotation);
      if (imported?.kid !== kid) imported = { kid, alg, key: await importJWK(jwk, alg) };
      return imported;
    },
    /** The public keys (RFC 7517). */
    jwks,
    find: createKeyFinder(jwks),
  };
}

/** Milliseconds after which keys are read again: for a key that is known, and for one that is not. */
const rereadKnown = 10_000;
const rereadUnknown = 1_000;

/**
 * Finds the public key of a token. Strangers may name any key: they make the database read once a second at most.
 * @param jwks reads the keys
 */
function createKeyFinder(jwks: () => Promise<{ keys: JWK[] }>): JWTVerifyGetKey {
  let kept: { kids: Set<string | undefined>; find: JWTVerifyGetKey; at: number } | undefined;
  let reading: Promise<void> | undefined;
  const read = async () => {
    const published = await jwks();
    const kids = new Set(published.keys.map(({ kid }) => kid));
    kept = { kids, find: createLocalJWKSet(published as JSONWebKeySet), at: performance.now() };
  };
  return async (header, token) => {
    const limit = kept?.kids.has(header?.kid) ? rereadKnown : rereadUnknown;
    if (!kept || performance.now() - kept.at > limit) {
      reading ??= read().finally(() => {
        reading = undefined;
      });
      await reading;
    }
    return (kept as NonNullable<typeof kept>).find(header, token);
  };
}

async function signingKey(store: KeyStore, rotation: KeyRotation): Promise<StoredKey> {
  const find = async () => (await store.list()).find((key) => stateOf(key) === 'signs');
  const key = await find();
  if (key) return key;
  // The first start, or the table was emptied to get rid of a stolen key.
  await rotation.step();
  const made = await find();
  if (!made)
    throw new Error(`There is no key to sign ${rotation.signs} with, and none could be made. Is the store writable?`);
  return made;
}
