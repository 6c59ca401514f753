// Looks at the head of each answer of a server. nginx runs it before it adds headers of its own.

/** What a client can use of it, in lower case. The relay's list (relay/upstream/upstream.ts) is the same, but for the body's own headers. */
const kept = {
  'content-type': true,
  'content-length': true,
  'content-encoding': true,
  'mcp-session-id': true,
  'mcp-protocol-version': true,
  'retry-after': true,
  allow: true,
};

/**
 * Removes the headers that are not on the list. All others could act in the gateway's origin, which holds the session cookie.
 * It throws, and nginx closes the connection, where nginx would not read the answer as its client does: after a status below
 * 200 (RFC 9110, section 15.2) comes another answer, or the tunnel that 101 opens. An answer without a status line has status 0.
 */
function check(r) {
  if (r.status < 200) throw new Error(`the MCP server answered with status ${r.status}`);
  for (const name in r.headersOut) if (!kept[name.toLowerCase()]) delete r.headersOut[name];
}

export default { check };
