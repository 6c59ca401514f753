import { readFileSync, writeFileSync } from 'node:fs';
import type { LRUCache } from 'lru-cache';
import { boundedCache } from '../../common/service/bounded-cache.ts';
import type { PoolKeys, SigningKey } from './keys.ts';
import { type Client, customScopes, type Seed, type SeedUser } from './seed.ts';

/** A code is valid for five minutes (Cognito, "Token endpoint"). */
const CODE_LIFE = 300;
/** The sign-in page remembers a browser for one hour (Cognito, "Logout endpoint"). */
const SESSION_LIFE = 3600;
/** A challenge to choose a new password is valid for three minutes (Cognito, AuthSessionValidity). */
const CHALLENGE_LIFE = 180;
/** An access token lives at most a day, so revocations need not be kept longer. */
const LONGEST_ACCESS = 86_400;
const MOST_KEPT = 10_000;

/** The current state of a person. Password, groups and status can change at run time. */
export type Person = SeedUser;

/** The grant of a sign-in to a client, keyed by its refresh token. Times are Unix seconds. */
export interface Grant {
  readonly clientId: string;
  readonly username: string;
  readonly scopes: readonly string[];
  readonly authTime: number;
  /** Id of the sign-in in all its tokens; revocation uses it. */
  readonly originJti: string;
  readonly nonce?: string | undefined;
  readonly resource?: string | undefined;
}

/** A grant behind an authorization code, and what the code is bound to. */
interface PendingCode extends Grant {
  readonly redirectUri: string;
  readonly codeChallenge?: string | undefined;
}

/** A browser that has signed in. */
export interface HostedSession {
  readonly username: string;
  readonly authTime: number;
}

/** Faults of a pool: `no-domain` has no sign-in pages, `no-keys` has an empty JWKS, `down` answers nothing. */
export type Fault = 'no-domain' | 'no-keys' | 'down';

/** A running user pool: people, clients, keys, and everything that it issues. */
export type Pool = ReturnType<typeof createPool>;

/**
 * Creates a user pool in which no browser is signed in.
 * @param publicUrl without a trailing slash
 * @param now clock, in milliseconds since 1970
 * @param signInsFile keeps the refresh tokens over a restart
 */
export function createPool(seed: Seed, keys: PoolKeys, publicUrl: string, now: () => number, signInsFile?: string) {
  let skew = 0;
  const milliseconds = () => now() + skew * 1000;
  const kept = <T extends NonNullable<unknown>>(life: number) => createKept<T>(life, milliseconds);
  return {
    seed,
    publicUrl,
    issuer: issuerOf(seed, publicUrl),
    clients: new Map(seed.clients.map((c): [string, Client] => [c.id, c])),
    people: new Map(seed.users.map((u): [string, Person] => [u.username, { ...u }])),
    customScopes: customScopes(seed.resource_servers),
    keys: { ...keys, retired: [] as SigningKey[] },
    codes: kept<PendingCode>(CODE_LIFE),
    refreshTokens: createKept<Grant>(LONGEST_ACCESS, milliseconds, signInsFile),
    sessions: kept<HostedSession>(SESSION_LIFE),
    challenges: kept<string>(CHALLENGE_LIFE),
    /** The `origin_jti` of every revoked sign-in. */
    revoked: kept<true>(LONGEST_ACCESS),
    faults: new Set<Fault>(),
    /** The pool's clock, in whole Unix seconds. */
    seconds: () => Math.floor(milliseconds() / 1000),
    /** Moves the pool's clock, in seconds. */
    setSkew: (seconds: number) => {
      skew = seconds;
    },
  };
}

/** Revokes one sign-in: deletes its refresh tokens, and the pool's endpoints refuse its access tokens. */
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

/**
 * Values that expire after their lifetime (seconds), or when too many newer ones arrive.
 * @param file keeps them; one that cannot be read counts as empty
 */
function createKept<T extends NonNullable<unknown>>(life: number, now: () => number, file?: string) {
  // Use the pool's clock: a skew must age codes and sessions like tokens.
  const cache = boundedCache<string, T>(MOST_KEPT, { ttl: life * 1000, ttlResolution: 0, perf: { now } });
  if (file !== undefined) loadKept(cache, file);
  const save = () => {
    if (file !== undefined) writeFileSync(file, JSON.stringify(cache.dump()), { mode: 0o600 });
  };
  return {
    put: (key: string, value: T, seconds = life) => {
      cache.purgeStale();
      cache.set(key, value, { ttl: seconds * 1000 });
      save();
    },
    get: (key: string) => cache.get(key),
    /** Removes the value and returns it. */
    take: (key: string) => {
      const value = cache.get(key);
      cache.delete(key);
      return value;
    },
    drop: (key: string) => {
      cache.delete(key);
      save();
    },
    entries: () => [...cache.entries()],
  };
}

/** Its writer is this program alone. */
function loadKept<T extends NonNullable<unknown>>(cache: LRUCache<string, T>, file: string): void {
  try {
    cache.load(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    cache.clear();
  }
}
