import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** The headers of the gate that `original-request.ts` reads, as nginx writes them. */
const names = `
  X-Resource X-Mcp-Server X-Mcp-Endpoint X-Mcp-Routed X-Mcp-Upstream X-Mcp-Secret
  X-Mcp-Account X-Mcp-Address X-Original-Method X-Original-URI
  Authorization Cookie Origin Accept Sec-Fetch-Site Sec-Fetch-Dest
  Mcp-Method Mcp-Name MCP-Protocol-Version Mcp-Session-Id
  X-Request-Id X-Real-IP
`
  .trim()
  .split(/\s+/);
const keys = new Map(names.flatMap((name) => [name, name.toLowerCase()].map((each) => [each, name.toLowerCase()])));
const none: Readonly<Record<string, string | undefined>> = Object.fromEntries(
  names.map((name) => [name.toLowerCase(), undefined]),
);

/**
 * The gate's headers and no others. `req.headers` parses all headers by more rules than are needed here, and takes longer
 * than the decision itself. If a header occurs twice, this returns `req.headers` and leaves the case to those rules.
 */
export function gateHeaders(req: Pick<IncomingMessage, 'rawHeaders' | 'headers'>): IncomingHttpHeaders {
  const { rawHeaders } = req;
  const found = { ...none };
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const key = keys.get(name) ?? keys.get(name.toLowerCase());
    if (key === undefined) continue;
    if (found[key] !== undefined) return req.headers;
    found[key] = rawHeaders[i + 1];
  }
  return found;
}
