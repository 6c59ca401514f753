import { decodeJwt, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import * as z from 'zod';
import { nowInSeconds } from '../time/now.ts';
import { brokerName } from './broker.ts';
import { verifySigned } from './verify-signed.ts';

/** The life of a ticket in seconds: that of an assertion. */
export const ticketLifetimeSeconds = 120;

/** How a client is told to open a page: MCP 2026-07-28, 2025-11-25, or a sentence for clients that can do neither. */
const pageForms = ['input_required', 'error', 'text'] as const;
export type PageForm = (typeof pageForms)[number];

const account = z.object({
  /** The entry in the operator's file. */
  name: z.string(),
  /** The route's whole address when the request was allowed (`serverAddress`). */
  address: z.string(),
  /** Which version of the person's token the request carries; omitted if there is none yet. */
  version: z.number().optional(),
  form: z.enum(pageForms),
});

const claims = z.object({
  server: z.string(),
  /** The MCP method, or `(stream)`, `(end)`. */
  method: z.string(),
  /** The owner of sessions and tasks: `person:` or `agent:` and the subject. */
  owner: z.string(),
  kind: z.enum(['person', 'agent']),
  /** With `subscriptions/listen`: the resources; omitted if there are too many. */
  uris: z.array(z.string()).readonly().optional(),
  /** Path and query at the upstream, if the session has its own instead of the route's. */
  target: z.string().optional(),
  /** Set if the request leads to the fixed address of a broker, not to the route of a server with its name. */
  broker: brokerName.optional(),
  /**
   * Where alone the credential in this request may be sent: the gateway's own to this origin, a person's to this whole address
   * (`serverAddress`).
   */
  credentialFor: z.string().optional(),
  /** With `initialize`: whether the client can ask its person to open a page. The session keeps it. */
  opensPages: z.boolean().optional(),
  /** Set if the server wants each person's own account. */
  account: account.optional(),
  /** Set if the call has used the approval of this hold: it may go on if the server answers with a question. */
  hold: z.string().optional(),
  /** When the caller's credential expires, in seconds since 1970. */
  ends: z.number(),
  /** The keys of the caller's session, client and account in the revocation feed. */
  marks: z.array(z.string()).readonly(),
  /**
   * The revocation cursor of the auth-server when it allowed the request. A revocation up to this number does not apply to
   * the request, even under one of its `marks`.
   */
  heard: z.number().optional(),
});

/**
 * What the auth-server tells the relay about a request that it has allowed, in addition to the assertion, which names the
 * caller's groups and scopes. Only the relay gets it: an upstream that held a ticket could bind sessions in the caller's
 * name.
 *
 * A relay of another version may run beside the auth-server. It ignores claims that it does not know, so a new claim may only
 * add. One that takes something away also has to be named in `crit` (RFC 7515): then a relay without it refuses the ticket.
 */
export type Ticket = z.output<typeof claims>;

/** Audience of tickets. `#` cannot occur in a server name, so no server's audience collides with it. */
export function ticketAudience(publicUrl: string): string {
  return `${publicUrl}/#relay`;
}

/**
 * Reads a ticket.
 * @param keys finds the auth-server's public key
 * @throws jose's or zod's errors for anything but a valid ticket of this gateway
 */
export async function verifyTicket(token: string, keys: JWTVerifyGetKey, publicUrl: string): Promise<Ticket> {
  return await verify(token, keys, publicUrl, { maxTokenAge: ticketLifetimeSeconds });
}

/**
 * Reads the ticket of a request that is still being answered. A stream may be open for hours and then report new tasks of
 * its owner, so the ticket stays valid until the owner's credential ends.
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
