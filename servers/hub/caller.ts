import { hash } from 'node:crypto';
import type { JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import { hubAudience } from '../../common/identity/broker.ts';
import { verifySigned } from '../../common/identity/verify-signed.ts';
import { boundedCache } from '../../common/service/bounded-cache.ts';

/** Who asks, as the auth-server signed it for the hub. */
export interface Caller {
  /** The assertion itself, with which the registry is asked for the caller's lists. */
  assertion: string;
  /** The same for all credentials of one person or agent. Sessions and bounds belong to it. */
  owner: string;
  /** The same for all callers with the same rights: two tokens of one agent may differ in scopes. */
  rights: string;
}

const claims = z.object({
  sub: z.string().min(1),
  exp: z.number(),
  client_id: z.string().optional(),
  groups: z.array(z.string()),
  scopes: z.array(z.string()),
  auth_method: z.string(),
});

/** The gateway repeats an assertion for up to a minute, and checking a signature costs more than an answer from memory. */
const rememberMilliseconds = 60_000;
/** An assertion is for one request. A longer life would let a server keep it. */
const longestLifeSeconds = 120;

/**
 * Makes the hub's only check of identity: an assertion (EdDSA JWT) whose audience is the hub.
 * @param keys finds the auth-server's public key
 * @param publicUrl the gateway's origin, the issuer
 * @returns the check; it gives undefined for an assertion that is missing or invalid
 */
export function createIdentifyCaller(keys: JWTVerifyGetKey, publicUrl: string) {
  const known = boundedCache<string, Caller>(5_000, { ttl: rememberMilliseconds });
  return async (assertion: string | undefined): Promise<Caller | undefined> => {
    if (assertion === undefined) return undefined;
    const kept = known.get(assertion);
    if (kept) return kept;
    const options = { maxTokenAge: longestLifeSeconds };
    const payload = await verifySigned(assertion, keys, publicUrl, hubAudience(publicUrl), options).catch(
      () => undefined,
    );
    const read = claims.safeParse(payload);
    if (!read.success) return undefined;
    const { sub, groups, scopes, exp } = read.data;
    const rights = hash('sha256', JSON.stringify([[...groups].sort(), [...scopes].sort()]));
    const caller = { assertion, owner: sub, rights };
    const ttl = Math.min(rememberMilliseconds, exp * 1_000 - Date.now());
    // A ttl of 0 would mean for ever.
    if (ttl > 0) known.set(assertion, caller, { ttl });
    return caller;
  };
}
