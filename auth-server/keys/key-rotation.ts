import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Logger } from '../../common/service/log.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import type { KeyPurpose, KeyStore, StoredKey } from '../store/key.ts';
import { type KeyPlan, keyPlan, lastingKeyPlan, stateOf } from './key-plan.ts';

/** Two clocks, in seconds: the wall clock (since 1970), which may be set, and a monotonic one. */
const systemClock = { wall: nowInSeconds, steady: () => performance.now() / 1000 };

/** How long a key signs, in days: the default of `ASSERTION_KEY_DAYS`. */
export const defaultKeyDays = 30;

/** What the keys of each purpose sign, in words. */
const signed = { assertion: 'assertions', 'access-token': 'access tokens', audit: 'statements of the audit' } as const;

export type KeyRotation = ReturnType<typeof createKeyRotation>;

/**
 * Rotates the keys of `store`: a key is created, published for a day, signs, is published for another day, and deleted. One of
 * the audit signs at once, and its public half is never deleted.
 * @param days how long a key signs
 */
export function createKeyRotation(store: KeyStore, days = defaultKeyDays, clock = systemClock) {
  const firstSeen = new Map<string, number>();
  const seen = (keys: readonly StoredKey[]) => {
    const states = new Set(keys.map(stateKey));
    for (const key of firstSeen.keys()) if (!states.has(key)) firstSeen.delete(key);
    for (const key of states) if (!firstSeen.has(key)) firstSeen.set(key, clock.steady());
  };
  const seenFor = (key: StoredKey) => clock.steady() - (firstSeen.get(stateKey(key)) ?? clock.steady());
  const look = (stored: readonly StoredKey[]) => {
    seen(stored);
    const now = clock.wall();
    const keys = stored.map((key) => notLaterThan(now, key));
    const planFor = store.purpose === 'audit' ? lastingKeyPlan : keyPlan;
    return { now, keys, plan: planFor(keys, { now, lifeSeconds: days * 86_400, seenFor }) };
  };
  return {
    /** What they sign, in words. */
    signs: signed[store.purpose],
    /**
     * Makes the changes that are due. Several processes may call it at once: the store lets one decide.
     * @returns the keys, oldest first, if this call changed them
     */
    async step(): Promise<StoredKey[] | undefined> {
      const stored = await store.list();
      const { keys, plan } = look(stored);
      const later = keys.some((key, index) => key !== stored[index]);
      // Checked before taking the lock: in nearly every minute nothing is due.
      if (!later && !isDue(keys, plan)) return undefined;
      let changed: StoredKey[] = [];
      await store.update(async (current) => {
        const { keys, plan, now } = look(current);
        changed = await carryOut(store.purpose, keys, plan, now);
        return changed;
      });
      seen(changed);
      return changed;
    },
  };
}

/**
 * Rotates once a minute until stopped, so that a key's times are exact to the minute.
 * @returns stops the timer
 */
export function keepRotating(rotation: KeyRotation, log: Logger, milliseconds = 60_000): () => void {
  const step = async () => {
    try {
      const changed = await rotation.step();
      if (changed) log.info({ keys: changed.map(stateKey) }, `the keys that sign ${rotation.signs} have changed`);
    } catch (error) {
      log.error({ err: error }, `the keys that sign ${rotation.signs} could not be rotated; trying again in a minute`);
    }
  };
  void step();
  const timer = setInterval(step, milliseconds).unref();
  return () => clearInterval(timer);
}

function isDue(keys: readonly StoredKey[], { signs, drop, make }: KeyPlan): boolean {
  const signing = keys.find((key) => stateOf(key) === 'signs');
  return make !== 'nothing' || drop.length > 0 || signing?.kid !== signs;
}

async function carryOut(
  purpose: KeyPurpose,
  keys: readonly StoredKey[],
  plan: KeyPlan,
  now: number,
): Promise<StoredKey[]> {
  const kept = keys
    .filter(({ kid }) => plan.published.includes(kid))
    .map((key) => {
      const state = stateOf(key);
      if (key.kid === plan.signs) return state === 'waits' ? { ...key, signsSince: now } : key;
      return state === 'signs' ? { ...key, stoppedAt: now, jwk: publicHalf(key.jwk) } : key;
    });
  return plan.make === 'nothing' ? kept : [...kept, await newKey(purpose, now, plan.make === 'first')];
}

/**
 * Caps times in the future, which a clock that was ahead has left. Otherwise the key would not be replaced before that
 * time, which may be never. With the cap, replacing it takes at most one key lifetime longer.
 */
function notLaterThan(now: number, key: StoredKey): StoredKey {
  const { madeAt, signsSince = now, stoppedAt = now } = key;
  if (Math.max(madeAt, signsSince, stoppedAt) <= now) return key;
  return {
    ...key,
    madeAt: Math.min(madeAt, now),
    signsSince: key.signsSince && Math.min(signsSince, now),
    stoppedAt: key.stoppedAt && Math.min(stoppedAt, now),
  };
}

const stateKey = (key: StoredKey) => `${stateOf(key)} ${key.kid}`;

/** The public half of an Ed25519 key (RFC 8037 section 2), or of one on a curve of NIST (RFC 7518 section 6.2). */
export function publicHalf({ kty, crv, x, y, kid }: JWK): JWK {
  return { kty, crv, x, ...(y !== undefined && { y }), kid } as JWK;
}

/** The algorithm of each purpose. MCP clients that read an access token's key know ES256 rather than EdDSA. */
export const algorithms = { assertion: 'EdDSA', 'access-token': 'ES256', audit: 'EdDSA' } as const;

/** A key, named by its thumbprint (RFC 7638). */
async function newKey(purpose: KeyPurpose, now: number, signsAtOnce: boolean): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair(algorithms[purpose], { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, jwk: { ...jwk, kid }, madeAt: now, signsSince: signsAtOnce ? now : undefined, stoppedAt: undefined };
}
