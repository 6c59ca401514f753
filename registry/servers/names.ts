/**
 * Whether only the configuration sets where this server runs. The registry trusts such a server: it accepts assertions that
 * were made for it. A user who put another server behind its name would receive everyone's assertions, and could act as them.
 */
export function isFixedName(name: string): boolean {
  return name === 'mcpgw';
}

/** `name` of the MCP registry's `server.json`. */
export const publishedName = /^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/;

// RFC 3986 "pchar" without $ ; and ', which have a meaning to nginx or are written again by URL parsers.
const pathCharacter = '[A-Za-z0-9._~!&()*+,=:@-]|%[0-9A-Fa-f]{2}';
const pathSegment = `(?!(?:\\.|%2[eE]){1,2}(?:[/? ]|$))(?:${pathCharacter})+`;

/**
 * An endpoint's path on its upstream, with its query if it has one. Each program that sends it writes the same bytes: no dot
 * segments, also encoded ones, no `//`, no empty query.
 */
export const endpointPath = new RegExp(
  `^/(?:${pathSegment}(?:/${pathSegment})*/?)?(?:\\?(?:${pathCharacter}|[/?])+)?$`,
);

/** The host of an upstream in a route: host name, IPv4 address, or IPv6 address in brackets, and the port if it has one. */
export const routeHost = /^(?:[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:]{2,39}\])(?::\d{1,5})?$/;
