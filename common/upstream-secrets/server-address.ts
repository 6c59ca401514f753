/** Where a server runs: its origin, and the path of each transport that it has. */
export interface ServerLocation {
  /** Such as `https://mcp.example.com`. */
  origin: string;
  mcp: string | undefined;
  sse: string | undefined;
}

/**
 * A server's whole address as one text, `<scheme>://<host><mcp path or -> <sse path or ->`. Accounts of people are bound to it:
 * nginx sends the same text in X-Mcp-Address, and two addresses are compared as a whole, never in parts.
 */
export function serverAddress({ origin, mcp, sse }: ServerLocation): string {
  return `${origin}${mcp ?? '-'} ${sse ?? '-'}`;
}

/**
 * The longest address of a server with people's accounts, in characters. It has to fit a ticket, and with its name one of nginx's
 * settings, which end at 4,096 bytes.
 */
export const longestAddress = 2_048;

/** Reads a text of {@link serverAddress}. @returns undefined if it is none */
export function parseServerAddress(text: string): ServerLocation | undefined {
  const [, origin, mcp, sse] = /^(https?:\/\/[^/\s]+?)(\/\S*|-) (\/\S*|-)$/.exec(text) ?? [];
  if (origin === undefined || (mcp === '-' && sse === '-') || URL.parse(origin)?.origin !== origin) return undefined;
  return { origin, mcp: mcp === '-' ? undefined : mcp, sse: sse === '-' ? undefined : sse };
}

/** The addresses at which the server answers, that of streamable HTTP first. */
export function endpointsOf({ origin, mcp, sse }: ServerLocation): string[] {
  return [mcp, sse].flatMap((path) => (path === undefined ? [] : [origin + path]));
}

/** What a server could read in another way than the gateway: dot segments, encoded slashes and dots, backslashes. */
const ambiguous = /(^|\/)\.{1,2}(\/|$)|%2e|%2f|%5c|\\|\/\//i;

/** Why an address is no prefix for accounts; undefined if it is one. @param text such as `https://mcp.example.com/v1` */
export function prefixFault(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || /[?#\s]/.test(text))
    return 'must be an address with a path, such as https://mcp.example.com/mcp';
  const path = text.slice(text.indexOf('://') + 3).replace(/^[^/]*/, '');
  if (path === '' || path === '/') return 'must have a path: all of a host may serve several customers';
  if (ambiguous.test(path) || url.pathname !== path)
    return 'must have a plain path, without dot segments or encoded slashes';
  return undefined;
}

/**
 * Whether one of the prefixes covers an address: the origin is the same, and the path is the same or goes on after a slash.
 * @param prefixes without a fault ({@link prefixFault})
 */
export function isCovered(prefixes: readonly string[], address: string): boolean {
  const url = URL.parse(address);
  if (!url || url.username || url.password || ambiguous.test(address.slice(url.origin.length))) return false;
  return prefixes.some((prefix) => {
    const { origin, pathname } = new URL(prefix);
    const start = pathname.replace(/\/$/, '');
    return url.origin === origin && (url.pathname === start || url.pathname.startsWith(`${start}/`));
  });
}

/** Whether the prefixes cover all endpoints of a server. @param address as {@link serverAddress} writes it */
export function coversServer(prefixes: readonly string[], address: string): boolean {
  const location = parseServerAddress(address);
  return location !== undefined && endpointsOf(location).every((endpoint) => isCovered(prefixes, endpoint));
}
