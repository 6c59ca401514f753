import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { type Ticket, verifyOpenTicket } from '../../common/identity/ticket.ts';
import { createVerifiedCache } from '../cognito/verified-cache.ts';
import type { AssertionSigner } from '../identity/assertion.ts';

/** Streams whose servers report tasks at the same time. A dropped ticket is verified again. */
const mostTickets = 2_000;

/** A verified ticket, the key that signed it, and its end in seconds since 1970. */
type Verified = { ticket: Ticket; kid: string; exp: number };

/**
 * Reads the tickets of requests that are still being answered. A stream shows its ticket with each event, so its signature
 * is verified once in five minutes; a ticket whose key is no longer published counts no more.
 * @returns a function that gives the ticket, or undefined for anything but a valid ticket of this gateway
 */
export function createTicketReader({ jwks }: Pick<AssertionSigner, 'jwks'>, publicUrl: string) {
  const verified = createVerifiedCache<Verified>(mostTickets);
  let set: { kids: string; keys: JWTVerifyGetKey } | undefined;
  return async (token: string): Promise<Ticket | undefined> => {
    const published = await jwks();
    const known = verified.find(token);
    if (known && published.keys.some(({ kid }) => kid === known.kid)) return known.ticket;
    const kids = published.keys.map(({ kid }) => kid).join();
    if (set?.kids !== kids) set = { kids, keys: createLocalJWKSet(published as JSONWebKeySet) };
    try {
      const ticket = await verifyOpenTicket(token, set.keys, publicUrl);
      const { kid = '' } = decodeProtectedHeader(token);
      verified.keep(token, { ticket, kid, exp: ticket.ends });
      return ticket;
    } catch {
      return undefined;
    }
  };
}
