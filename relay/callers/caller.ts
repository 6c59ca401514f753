import { decodeJwt, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import { hubAudience } from '../../common/identity/broker.ts';
import { type Ticket, verifyTicket } from '../../common/identity/ticket.ts';
import { verifySigned } from '../../common/identity/verify-signed.ts';
import { boundedCache } from '../../common/service/bounded-cache.ts';
import { RelayError } from '../upstream/errors.ts';

/** The caller of a request, as signed by the auth-server. */
export interface Caller {
  ticket: Ticket;
  /** The ticket itself, for requests to the auth-server. */
  token: string;
  groups: readonly string[];
  scopes: readonly string[];
  /** The tool that a call names. */
  tool?: string | undefined;
}

export type IdentifyCaller = ReturnType<typeof createIdentifyCaller>;

const claims = z.object({
  sub: z.string(),
  groups: z.array(z.string()),
  scopes: z.array(z.string()),
  tool: z.string().optional(),
});
const rememberMilliseconds = 60_000;

/**
 * Makes the only check of identity in the relay. It needs the auth-server's ticket in `X-Relay` and, in
 * `X-Mcp-Assertion`, the assertion for the ticket's server and the same caller.
 * @param keys finds the auth-server's public key
 * @param publicUrl the gateway's origin, the issuer of both
 * @returns the check, which throws {@link RelayError} `ticket_invalid`
 */
export function createIdentifyCaller(keys: JWTVerifyGetKey, publicUrl: string) {
  // The auth-server repeats both for up to a minute, and checking signatures is expensive.
  const known = boundedCache<string, Caller>(5_000, { ttl: rememberMilliseconds });
  const verify = async (token: string, assertion: string): Promise<{ caller: Caller; ends: number }> => {
    const ticket = await verifyTicket(token, keys, publicUrl);
    const audience = ticket.broker === 'hub' ? hubAudience(publicUrl) : `${publicUrl}/${ticket.server}`;
    const payload = await verifySigned(assertion, keys, publicUrl, audience);
    const { sub, groups, scopes, tool } = claims.parse(payload);
    if (ticket.owner !== `${ticket.kind}:${sub}`) throw new Error('the ticket and the assertion are about two callers');
    const ends = Math.min(payload.exp ?? 0, decodeJwt(token).exp ?? 0);
    return { caller: { ticket, token, groups, scopes, tool }, ends };
  };
  return async (token: unknown, assertion: unknown): Promise<Caller> => {
    if (typeof token !== 'string' || typeof assertion !== 'string') throw new RelayError('ticket_invalid');
    const key = `${token} ${assertion}`;
    const kept = known.get(key);
    if (kept) return kept;
    const { caller, ends } = await verify(token, assertion).catch((error: unknown) => {
      throw new RelayError('ticket_invalid', error);
    });
    // Only while both are valid. A ttl of 0 would mean forever.
    const ttl = Math.min(rememberMilliseconds, ends * 1000 - Date.now());
    if (ttl > 0) known.set(key, caller, { ttl });
    return caller;
  };
}
