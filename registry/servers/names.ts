/**
 * Whether only the configuration sets where this server runs. The registry trusts such a server: it accepts assertions that
 * were made for it. A user who put another server behind its name would receive everyone's assertions, and could act as them.
 */
export function isFixedName(name: string): boolean {
  return name === 'mcpgw';
}

/** `name` of the MCP registry's `server.json`. */
export const publishedName = /^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/;

const pathSegment = '(?!\\.{1,2}(?:[/ ]|$))[A-Za-z0-9._~-]+';

/** An endpoint's path on its upstream: plain characters, no dot segments, no `//`, no query. */
export const endpointPath = new RegExp(`^/(?:${pathSegment}(?:/${pathSegment})*/?)?$`);

/** The host of an upstream in a route: host name or IPv4 address in lower case, and the port if it has one. */
export const routeHost = /^[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?(?::\d{1,5})?$/;
