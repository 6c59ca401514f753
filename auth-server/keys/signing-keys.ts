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

/** Milliseconds after which the keys are read again although the asked one is known. */
const rereadMilliseconds = 10_000;
/** How often in a second they are read again for one that is not known. After the keys were replaced, a few times is enough. */
const readsPerSecond = 10;

/**
 * Finds the public key of a token. Strangers may name any key: they make the database read ten times a second at most.
 * @param jwks reads the keys
 * @param clock in milliseconds, monotonic
 */
export function createKeyFinder(
  jwks: () => Promise<{ keys: JWK[] }>,
  clock = () => performance.now(),
): JWTVerifyGetKey {
  let kept: { kids: Set<string | undefined>; find: JWTVerifyGetKey; at: number } | undefined;
  let reading: Promise<void> | undefined;
  const recent = { since: clock(), reads: 0 };
  const read = async () => {
    const published = await jwks();
    const kids = new Set(published.keys.map(({ kid }) => kid));
    kept = { kids, find: createLocalJWKSet(published as JSONWebKeySet), at: clock() };
  };
  const mayRead = () => {
    if (clock() - recent.since >= 1_000) Object.assign(recent, { since: clock(), reads: 0 });
    return recent.reads++ < readsPerSecond;
  };
  return async (header, token) => {
    const isKnown = kept?.kids.has(header?.kid);
    if (!kept || clock() - kept.at > rereadMilliseconds || (!isKnown && mayRead())) {
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
