import type { StoredKey } from '../store/key.ts';

const day = 86_400;
/** How long a key is published before it signs, and after it has stopped, in seconds. */
export const leadSeconds = day;
export const keepSeconds = day;
/** How long a process must itself have seen a key published, or stopped, before it acts on it, in seconds. */
export const settleSeconds = 600;

/** What is to be done with the keys at one moment. */
export interface KeyPlan {
  /** The key that signs from this moment on; undefined only if there is no key at all. */
  signs: string | undefined;
  /** The keys that verifiers are shown. Whatever signs, or signed what may still be good, is among them. */
  published: string[];
  /** Keys to delete. */
  drop: string[];
  /** `next`: a key that is published now and signs later. `first`: one that signs at once, because nothing else can. */
  make: 'nothing' | 'next' | 'first';
}

/** The moment to plan for. */
export interface KeyMoment {
  /** Wall clock, in seconds since 1970. It may jump. */
  now: number;
  /** How long a key signs, in seconds; a day or more. */
  lifeSeconds: number;
  /** For how long, by a clock that never jumps, this process has seen the key in its present state, in seconds. */
  seenFor: (key: StoredKey) => number;
}

/**
 * Which key signs, which are published, and what changes. A key signs until the next one has been published for a day,
 * however old it is, and is published for a day after it stopped.
 *
 * The wall clock alone is not believed: after a jump a key would sign that verifiers have not fetched yet, or one would
 * vanish whose assertions are still good. So the process must also have watched for ten minutes, which is longer than
 * an assertion lives, and longer than the usual JWKS clients keep what they fetched.
 * @param keys oldest first, no time of theirs in the future
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

/** @param aged whatever signs since then, or longer, needs a successor; seconds since 1970 */
function whatToMake(signing: StoredKey | undefined, waiting: StoredKey | undefined, aged: number): KeyPlan['make'] {
  if (waiting) return 'nothing';
  if (!signing) return 'first';
  return (signing.signsSince ?? aged) <= aged ? 'next' : 'nothing';
}

/** Where a key stands in its life. */
export function stateOf(key: StoredKey): 'waits' | 'signs' | 'stopped' {
  if (key.stoppedAt !== undefined) return 'stopped';
  return key.signsSince === undefined ? 'waits' : 'signs';
}
