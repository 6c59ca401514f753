/** How a client may speak to a server, in the words of the MCP registry's `remotes[].type`. */
export type Transport = 'streamable-http' | 'sse';

/** One MCP server as the registry keeps it. */
export interface ServerEntry {
  /** Path segment under the gateway; see `policy/names.ts`. */
  name: string;
  title: string;
  description: string;
  /** Origin where the server really runs, such as `http://127.0.0.1:8000`. Never shown to callers. */
  upstream: string;
  /** Paths on the upstream. Where messages of the 2024-11-05 transport go is announced on its stream. */
  transports: { 'streamable-http'?: string | undefined; sse?: string | undefined };
  tags: readonly string[];
}

/** Where the registry's servers are kept. */
export interface ServerStore {
  /** All servers, by name. */
  list(): readonly ServerEntry[];
  get(name: string): ServerEntry | undefined;
}

/** The transports that clients can use with this server, the newer first. */
export function transportsOf(server: ServerEntry): Transport[] {
  const both: Transport[] = ['streamable-http', 'sse'];
  return both.filter((transport) => server.transports[transport] !== undefined);
}
