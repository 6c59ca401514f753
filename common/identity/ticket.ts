import { decodeJwt, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import * as z from 'zod';
import { nowInSeconds } from '../time/now.ts';
import { verifySigned } from './verify-signed.ts';

/** How long a ticket is good for, in seconds: as long as an assertion. */
export const ticketLifetimeSeconds = 120;

const claims = z.object({
  server: z.string(),
  method: z.string(),
  owner: z.string(),
  kind: z.enum(['person', 'agent']),
  uris: z.array(z.string()).optional(),
  target: z.string().optional(),
  credentialFor: z.string().optional(),
  ends: z.number(),
  marks: z.array(z.string()),
  heard: z.number().optional(),
});

/**
 * What the auth-server tells the relay about a request that it has allowed, beside the assertion, which names the
 * caller's groups and scopes. It goes to nobody else: an upstream that got
 * hold of one could bind sessions in the caller's name.
 */
export interface Ticket {
  server: string;
  /** The MCP method, or `(stream)`, `(end)`. */
  method: string;
  /** Whose the sessions and tasks are: `person:` or `agent:` and the subject. */
  owner: string;
  kind: 'person' | 'agent';
  /** With `subscriptions/listen`: the resources; left out if they are too many to tell. */
  uris?: readonly string[] | undefined;
  /** Path and query at the upstream, where the session knows better than the route. */
  target?: string | undefined;
  /** The origin that the gateway's credential with this request is for; it may go nowhere else. */
  credentialFor?: string | undefined;
  /** When the caller's credential ends, in seconds since 1970. */
  ends: number;
  /** Digests under which the end of the caller's session, client or account would be announced. */
  marks: readonly string[];
  /**
   * Up to which number of the list of ends the auth-server had heard when it allowed the request: what ended before that
   * is none of this request's business, even under one of its marks.
   */
  heard?: number | undefined;
}

/** The audience of tickets. No server can be called that. */
export function ticketAudience(publicUrl: string): string {
  return `${publicUrl}/#relay`;
}

/**
 * Reads a ticket.
 * @param keys finds the auth-server's public key
 * @throws jose's errors, or zod's, for anything but a good ticket of this gateway
 */
export async function verifyTicket(token: string, keys: JWTVerifyGetKey, publicUrl: string): Promise<Ticket> {
  return await verify(token, keys, publicUrl, { maxTokenAge: ticketLifetimeSeconds });
}

/**
 * Reads the ticket of a request that is still being answered. A stream may be open for hours, and tells then of new tasks
 * of its owner's: the ticket is as good as on its first day until the owner's credential ends.
 * @throws as {@link verifyTicket} does
 */
export async function verifyOpenTicket(token: string, keys: JWTVerifyGetKey, publicUrl: string): Promise<Ticket> {
  const given = new Date((decodeJwt(token).iat ?? 0) * 1000);
  const ticket = await verify(token, keys, publicUrl, { currentDate: given });
  if (ticket.ends <= nowInSeconds()) throw new Error('the credential behind the ticket has ended');
  return ticket;
}

async function verify(token: string, keys: JWTVerifyGetKey, publicUrl: string, age: JWTVerifyOptions): Promise<Ticket> {
  const asked = { requiredClaims: ['iat', 'exp'], ...age };
  return claims.parse(await verifySigned(token, keys, publicUrl, ticketAudience(publicUrl), asked));
}
