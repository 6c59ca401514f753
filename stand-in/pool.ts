import { LRUCache } from 'lru-cache';
import type { PoolKeys, SigningKey } from './keys.ts';
import { type Client, customScopes, type Seed, type SeedUser } from './seed.ts';

/** A code lives five minutes (Cognito, "Token endpoint"). */
const CODE_LIFE = 300;
/** The sign-in page remembers a browser for one hour (Cognito, "Logout endpoint"). */
const SESSION_LIFE = 3600;
/** A challenge to choose a new password waits three minutes (Cognito, AuthSessionValidity). */
const CHALLENGE_LIFE = 180;
/** No access token lives longer than a day, so nobody needs to know longer that one was revoked. */
const LONGEST_ACCESS = 86_400;
const MOST_KEPT = 10_000;

/** A person as the pool has them now; password, groups and status can change while it runs. */
export type Person = SeedUser;

/** What a sign-in gave to a client, kept behind its refresh token. Times are Unix seconds. */
export interface Grant {
  readonly clientId: string;
  readonly username: string;
  readonly scopes: readonly string[];
  readonly authTime: number;
  /** Names the sign-in in all its tokens; revoking ends them by it. */
  readonly originJti: string;
  readonly nonce?: string | undefined;
  readonly resource?: string | undefined;
}

/** A grant waiting behind an authorization code, with what the code is bound to. */
export interface PendingCode extends Grant {
  readonly redirectUri: string;
  readonly codeChallenge?: string | undefined;
}

/** A browser that has signed in. */
export interface HostedSession {
  readonly username: string;
  readonly authTime: number;
}

/** What can be wrong with a pool: `no-domain` has no sign-in pages, `no-keys` an empty JWKS, `down` answers nothing. */
export type Fault = 'no-domain' | 'no-keys' | 'down';

/** One user pool at work: who and what it knows, its keys, and everything it hands out. */
export interface Pool {
  readonly seed: Seed;
  readonly publicUrl: string;
  readonly issuer: string;
  readonly clients: ReadonlyMap<string, Client>;
  readonly people: ReadonlyMap<string, Person>;
  readonly customScopes: ReadonlySet<string>;
  readonly keys: { id: SigningKey; access: SigningKey; retired: SigningKey[] };
  readonly codes: Kept<PendingCode>;
  readonly refreshTokens: Kept<Grant>;
  readonly sessions: Kept<HostedSession>;
  readonly challenges: Kept<string>;
  /** The `origin_jti` of every sign-in that has been revoked. */
  readonly revoked: Kept<true>;
  /** What is wrong with this pool at the moment. */
  readonly faults: Set<Fault>;
  /** The pool's clock, in whole Unix seconds. */
  seconds(): number;
  /** Moves the pool's clock, in seconds. */
  setSkew(seconds: number): void;
}

/** Values that go away by themselves: after their life (seconds), or when too many newer ones have come. */
export interface Kept<T> {
  put(key: string, value: T, life?: number): void;
  get(key: string): T | undefined;
  /** The value, which can be taken only once. */
  take(key: string): T | undefined;
  drop(key: string): void;
  entries(): Iterable<[string, T]>;
}

/**
 * A user pool, freshly started: everybody is signed out.
 * @param seed who and what is in it
 * @param keys what it signs with
 * @param publicUrl where browsers and clients reach it, without a slash at the end
 * @param now the clock, in milliseconds since 1970
 */
export function createPool(seed: Seed, keys: PoolKeys, publicUrl: string, now: () => number): Pool {
  let skew = 0;
  const milliseconds = () => now() + skew * 1000;
  const kept = <T extends NonNullable<unknown>>(life: number): Kept<T> => createKept<T>(life, milliseconds);
  return {
    seed,
    publicUrl,
    issuer: issuerOf(seed, publicUrl),
    clients: new Map(seed.clients.map((c) => [c.id, c])),
    people: new Map(seed.users.map((u) => [u.username, { ...u }])),
    customScopes: customScopes(seed.resource_servers),
    keys: { id: keys.id, access: keys.access, retired: [] },
    codes: kept<PendingCode>(CODE_LIFE),
    refreshTokens: kept<Grant>(LONGEST_ACCESS),
    sessions: kept<HostedSession>(SESSION_LIFE),
    challenges: kept<string>(CHALLENGE_LIFE),
    revoked: kept<true>(LONGEST_ACCESS),
    faults: new Set(),
    seconds: () => Math.floor(milliseconds() / 1000),
    setSkew: (seconds) => {
      skew = seconds;
    },
  };
}

/** Ends one sign-in: its refresh tokens are gone, and the pool's own endpoints refuse its access tokens. */
export function revokeSignIn(pool: Pool, originJti: string): void {
  pool.revoked.put(originJti, true);
  for (const [token, grant] of pool.refreshTokens.entries())
    if (grant.originJti === originJti) pool.refreshTokens.drop(token);
}

function issuerOf(seed: Seed, publicUrl: string): string {
  if (seed.issuer_mode === 'local') return `${publicUrl}/${seed.pool_id}`;
  const host = seed.issuer_type === 'updated' ? 'issuer-cognito-idp' : 'cognito-idp';
  return `https://${host}.${seed.region}.amazonaws.com/${seed.pool_id}`;
}

function createKept<T extends NonNullable<unknown>>(life: number, now: () => number): Kept<T> {
  // The pool's own clock, not the machine's: skewing it must age codes and sessions as it ages tokens.
  const cache = new LRUCache<string, T>({ max: MOST_KEPT, ttl: life * 1000, ttlResolution: 0, perf: { now } });
  return {
    put: (key, value, seconds = life) => {
      cache.purgeStale();
      cache.set(key, value, { ttl: seconds * 1000 });
    },
    get: (key) => cache.get(key),
    take: (key) => {
      const value = cache.get(key);
      cache.delete(key);
      return value;
    },
    drop: (key) => void cache.delete(key),
    entries: () => [...cache.entries()],
  };
}
