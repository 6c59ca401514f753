/**
 * The namespace of this gateway in the MCP registry API: its public host, reversed (`mcp.example.com` → `com.example.mcp`).
 * Who owns the host owns the names. The port is not part of it.
 * @param publicUrl the gateway's origin
 */
export function namespaceOf(publicUrl: string): string {
  const host = new URL(publicUrl).hostname.replace(/[^a-zA-Z0-9.-]/g, '-');
  return host.split('.').reverse().join('.').slice(0, longestNamespace);
}

/** A name has 200 characters at most, and a server's name 63 of them. */
const longestNamespace = 136;

/**
 * What a server is called in the MCP registry API: as its makers published it, or by the gateway's namespace and its
 * name here. An alias inside the gateway's own namespace does not count: it could be another server's name.
 */
export function listedName(namespace: string, { name, alias }: { name: string; alias: string | null }): string {
  return alias !== null && !alias.startsWith(`${namespace}/`) ? alias : `${namespace}/${name}`;
}
