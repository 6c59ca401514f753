/**
 * The namespace of this gateway in the MCP registry API: its public host, reversed (`mcp.example.com` → `com.example.mcp`).
 * The owner of the host owns these names. The port is left out.
 * @param publicUrl the gateway's origin
 */
export function namespaceOf(publicUrl: string): string {
  const host = new URL(publicUrl).hostname.replace(/[^a-zA-Z0-9.-]/g, '-');
  return host.split('.').reverse().join('.').slice(0, longestNamespace);
}

/** A name has at most 200 characters, and 63 of them are for the server's name here. */
const longestNamespace = 136;

/**
 * The name of a server in the MCP registry API: its published name, or the gateway's namespace with its name here. An alias
 * in the gateway's own namespace is ignored: it could be the name of another server.
 */
export function listedName(namespace: string, { name, alias }: { name: string; alias: string | null }): string {
  return alias !== null && !alias.startsWith(`${namespace}/`) ? alias : `${namespace}/${name}`;
}
