/** A longer header is read this far. RFC 6750 challenges of real servers have 100 to 500 characters. */
const longest = 4_096;
/** More scopes are left out, and longer ones. */
const mostScopes = 20;
const longestScope = 200;

/** A parameter of a challenge: `name="quoted"` or `name=token` (RFC 9110 section 11.2). */
const parameter = /([A-Za-z_]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;
/** RFC 6749 section 3.3. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** What a server says about a token that it refuses. */
export interface Challenge {
  error: string | undefined;
  /** The scopes that it asks for. */
  scopes: string[];
}

/**
 * Reads `WWW-Authenticate` of a server that takes bearer tokens (RFC 6750 section 3, RFC 9728 section 5.1). Addresses in it are
 * not read: a server does not choose where a person is led.
 * @returns undefined for a header without a Bearer challenge
 */
export function readChallenge(header: string | undefined): Challenge | undefined {
  const text = (header ?? '').slice(0, longest);
  const start = /(?:^|,[ \t]*)Bearer(?=[ \t,]|$)/i.exec(text);
  if (!start) return undefined;
  const found = new Map<string, string>();
  for (const [, name = '', quoted, plain] of text.slice(start.index).matchAll(parameter)) {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
  }
  const scopes = (found.get('scope') ?? '').split(' ').filter((scope) => scopeToken.test(scope));
  const fitting = [...new Set(scopes)].filter(({ length }) => length <= longestScope);
  return { error: found.get('error'), scopes: fitting.slice(0, mostScopes) };
}
