import { headerNameForm } from '../../common/upstream-secrets/credential-header.ts';
import { isJsonObject, type JsonObject } from './definition.ts';

const wellFormed = new RegExp(`^${headerNameForm}$`);

/** How many headers of a caller one server gets, besides those that every server gets. Each one is a line of nginx's configuration. */
export const mostForwardedHeaders = 16;

/** Prefix of the headers that repeat a tool's arguments (MCP 2026-07-28, SEP-2243). */
const parameterPrefix = 'Mcp-Param-';

/** What the gateway sets itself (nginx/gate/), what belongs to one connection, and what other proxies trust. */
const reserved = new Set(
  `accept accept-charset accept-encoding accept-language age alt-used cache-control connection date dnt early-data expect
  forwarded from front-end-https host keep-alive last-event-id max-forwards metadata-flavor origin pragma priority proxy-connection range
  referer service-worker te trailer traceparent tracestate transfer-encoding upgrade upgrade-insecure-requests user-agent
  via x-body x-client-id x-deny-body x-deny-status x-gate x-host x-http-method x-hub-set x-login-url x-mcp-account x-mcp-address x-mcp-delegation
  x-mcp-endpoint x-mcp-routed x-mcp-server
  x-mcp-upstream x-relay x-request-id x-resource x-scheme x-scopes x-server-name x-tool-name x-upstream x-url-scheme x-wap-profile`
    .trim()
    .split(/\s+/),
);
const reservedPrefix =
  /^(?:cf|cf-access|content|if|impersonate|mcp|proxy|sec|x-(?:accel|amz|amzn|appengine|arr|authentik|azure|cloud|consumer|envoy|forwarded|gitlab|goog|ms-client|original|pomerium|remote|rewrite|sendfile|vault|webauth)|remote)(?:-|$)/;
/** Words of headers that say who the caller is, or prove it: for a server they come from the gateway only. */
const identityWords = new Set(
  `account accesstoken admin apikey assertion auth authenticated authentication authorization bearer cert certificate
  claim claims cookie cookies cred credential credentials csrf dn email emails entitlements fingerprint group
  groups groupname hmac identity idtoken impersonate ip issuer jwt key keys ldap login mail method nonce oauth
  oidc owner passwd password permission permissions principal privilege privileges pwd role roles saml scope scopes
  secret secrets session sessionid sid sign signature spiffe ssl sso subject tenant tls token tokens uid upn
  user userid username userinfo users verified`
    .trim()
    .split(/\s+/),
);

/**
 * Why a server may not get the header of this name from its callers; undefined if it may.
 * @param name in any case
 */
export function headerFault(name: string): string | undefined {
  if (name.includes('_')) return 'must be written with hyphens: nginx drops headers with an underscore in their name';
  if (!wellFormed.test(name)) return 'must be 1 to 64 of A-Z a-z 0-9 and -, and start with a letter or digit';
  const lower = name.toLowerCase();
  // The prefix says that the value is an argument, whatever the argument is called.
  if (lower.startsWith(parameterPrefix.toLowerCase()) && lower.length > parameterPrefix.length) return undefined;
  if (reserved.has(lower) || reservedPrefix.test(lower)) return 'is a header that the gateway sets or removes itself';
  if (lower.split('-').some((word) => identityWords.has(word)))
    return 'looks like an identity or a credential, which a server gets from the gateway only';
  return undefined;
}

/** A schema that nests deeper, or has more properties, declares no more headers. Definitions are bounded by 64 kB. */
const deepest = 8;

/**
 * The headers that callers of a tool send: `Mcp-Param-` and the `x-mcp-header` of each property that is reachable by
 * `properties` only (SEP-2243). Names that nginx would drop are left out.
 * @param schema the tool's `inputSchema`, as the server sent it
 * @returns at most 16 names, sorted
 */
export function parameterHeaders(schema: unknown): string[] {
  const found = new Map<string, string>();
  const collect = (at: unknown, depth: number): void => {
    if (!isJsonObject(at) || depth > deepest || !isJsonObject(at.properties)) return;
    for (const property of Object.values(at.properties as JsonObject)) {
      if (!isJsonObject(property)) continue;
      const header = property['x-mcp-header'];
      const name = `${parameterPrefix}${header}`;
      if (typeof header === 'string' && header !== '' && wellFormed.test(name)) found.set(name.toLowerCase(), name);
      collect(property, depth + 1);
    }
  };
  collect(schema, 0);
  return [...found.values()].sort().slice(0, mostForwardedHeaders);
}

/**
 * All names for a server's route: those of its entry first, then those of its tools, without repetitions.
 * @returns at most 16 names
 */
export function forwardedHeaders(own: readonly string[], ofTools: readonly string[]): string[] {
  const found = new Map<string, string>();
  for (const name of [...own, ...[...ofTools].sort()]) {
    const lower = name.toLowerCase();
    if (!found.has(lower) && headerFault(name) === undefined) found.set(lower, name);
  }
  return [...found.values()].slice(0, mostForwardedHeaders);
}
