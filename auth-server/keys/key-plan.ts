import type { StoredKey } from '../store/key.ts';

const day = 86_400;
/** How long a key is published before it signs, and after it has stopped signing, in seconds. */
const leadSeconds = day;
const keepSeconds = day;
/** How long a process must itself have seen a key's state before it acts on it, in seconds. */
const settleSeconds = 600;

/** What to do with the keys at one moment. */
export interface KeyPlan {
  /** The key that signs from now on; undefined if it has yet to be made. */
  signs: string | undefined;
  /** The keys to publish: all that sign, or have signed assertions that may still be valid. */
  published: string[];
  /** Keys to delete. */
  drop: string[];
  /** `next`: a key that is published now and signs later. `first`: one that signs at once, because there is no other. */
  make: 'nothing' | 'next' | 'first';
}

/** The moment to plan for. */
export interface KeyMoment {
  /** Wall clock, in seconds since 1970. It may jump. */
  now: number;
  /** How long a key signs, in seconds; a day or more. */
  lifeSeconds: number;
  /** How long this process has seen the key in its present state, in seconds of a monotonic clock. */
  seenFor: (key: StoredKey) => number;
}

/**
 * Decides which key signs, which ones are published, and what changes. A key signs until the next one has been published
 * for a day, whatever its age, and stays published for a day after it has stopped.
 *
 * The wall clock alone is not enough: after a jump, a key would sign that verifiers have not fetched yet, or a key would
 * disappear whose assertions are still valid. So the process must also have seen the state for ten minutes, which is longer
 * than an assertion lives, and longer than common JWKS clients cache what they fetched.
 * @param keys oldest first, without times in the future
 */
export function keyPlan(keys: readonly StoredKey[], { now, lifeSeconds, seenFor }: KeyMoment): KeyPlan {
  const settled = (key: StoredKey) => seenFor(key) >= settleSeconds;
  const signing = keys.find((key) => stateOf(key) === 'signs');
  const waiting = keys.find((key) => stateOf(key) === 'waits');
  const drop = keys.filter((key) => now - (key.stoppedAt ?? now) >= keepSeconds && settled(key)).map(({ kid }) => kid);
  const ready = waiting !== undefined && now - waiting.madeAt >= leadSeconds && settled(waiting);
  return {
    signs: (ready ? waiting : (signing ?? waiting))?.kid,
    published: keys.map(({ kid }) => kid).filter((kid) => !drop.includes(kid)),
    drop,
    make: whatToMake(signing, waiting, now - (lifeSeconds - leadSeconds)),
  };
}

/**
 * Decides the same for keys of which no verifier keeps a copy, and which verify what they have signed for as long as that is
 * kept: the next key signs at once, and none is deleted.
 * @param keys oldest first, without times in the future
 */
export function lastingKeyPlan(keys: readonly StoredKey[], { now, lifeSeconds }: KeyMoment): KeyPlan {
  const signing = keys.find((key) => stateOf(key) === 'signs');
  const isYoung = signing !== undefined && (signing.signsSince ?? 0) > now - lifeSeconds;
  const signs = isYoung ? signing.kid : undefined;
  return { signs, published: keys.map(({ kid }) => kid), drop: [], make: isYoung ? 'nothing' : 'first' };
}

/** @param aged a key that has signed since this time, or longer, needs a successor; seconds since 1970 */
function whatToMake(signing: StoredKey | undefined, waiting: StoredKey | undefined, aged: number): KeyPlan['make'] {
  if (waiting) return 'nothing';
  if (!signing) return 'first';
  return (signing.signsSince ?? aged) <= aged ? 'next' : 'nothing';
}

/** The state of a key. */
export function stateOf(key: StoredKey): 'waits' | 'signs' | 'stopped' {
  if (key.stoppedAt !== undefined) return 'stopped';
  return key.signsSince === undefined ? 'waits' : 'signs';
}
