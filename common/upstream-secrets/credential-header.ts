/** A header's name as nginx accepts it: nginx drops headers with other characters, underscores included. */
export const headerNameForm = '[A-Za-z0-9][A-Za-z0-9-]{0,63}';
const wellFormed = new RegExp(`^${headerNameForm}$`);

/** What the gateway sends to every server itself (nginx/gate/), and what belongs to one connection (RFC 9110 section 7.6.1). */
const taken = new Set(
  `accept accept-charset accept-encoding accept-language connection expect host keep-alive last-event-id mcp-method mcp-name
  mcp-protocol-version mcp-session-id proxy-authenticate proxy-authorization proxy-connection te trailer traceparent tracestate
  transfer-encoding upgrade user-agent via x-auth-method x-client-id x-groups x-hub-set x-mcp-assertion x-mcp-delegation x-relay x-request-id x-scopes
  x-server-name x-tool-name x-user x-username`.split(/\s+/),
);

/** Two names that other programs know in this spelling, and which have an answer header of their own (docs/validate.md). */
export const usualCredentialHeaders = ['Authorization', 'X-API-Key'] as const;

/**
 * Why the gateway cannot send a credential in the header of this name; undefined if it can.
 * @param name in any case
 */
export function credentialHeaderFault(name: string): string | undefined {
  if (!wellFormed.test(name)) return 'must be the name of a header: 1 to 64 of A-Z a-z 0-9 and -';
  if (taken.has(name.toLowerCase()) || /^content-/i.test(name)) return 'is a header that the gateway sets itself';
  return undefined;
}

/** The name of a header as it is sent. @param name in any case */
export function spelled(name: string): string {
  return usualCredentialHeaders.find((usual) => usual.toLowerCase() === name.toLowerCase()) ?? name;
}
