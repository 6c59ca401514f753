/** How a client may speak to a server, in the words of the MCP registry's `remotes[].type`. */
export type Transport = 'streamable-http' | 'sse';

/** What a server wants from the gateway: a secret of UPSTREAM_SECRETS_FILE, by its name. */
export interface UpstreamAuth {
  secret: string;
}

/** One MCP server: what it is called and where it is. */
export interface ServerEntry {
  /** Path segment under the gateway; see `policy/names.ts`. */
  name: string;
  title: string;
  description: string;
  /** Origin where the server really runs, such as `http://127.0.0.1:8000`. Shown only to who may change it. */
  upstream: string;
  /** Paths on the upstream. Where messages of the 2024-11-05 transport go is announced on its stream. */
  transports: { 'streamable-http'?: string | undefined; sse?: string | undefined };
  tags: readonly string[];
  /** Shown only to who may change the server. */
  auth?: UpstreamAuth | null | undefined;
}

/** A picture of a server: `icons` of the MCP registry's `server.json`. */
export interface Icon {
  /** An https URL. */
  src: string;
  mimeType?: string | undefined;
  /** Such as `48x48`, or `any`. */
  sizes?: readonly string[] | undefined;
}

/** Everything that people say about a server. */
export interface ServerSettings extends ServerEntry {
  /** The server's own version, as its makers number it. */
  version: string | null;
  /** Where its source is: an https URL. */
  repository: string | null;
  /** SPDX identifier or name. */
  license: string | null;
  icons: readonly Icon[];
  /** null when the server wants nothing from the gateway. */
  auth: UpstreamAuth | null;
  /** The name that its makers published it under, such as `io.github.owner/name`; the MCP registry API lists it so. */
  alias: string | null;
  /** A disabled server is kept and shown, and has no route. */
  enabled: boolean;
}

/** A server as it is kept. */
export interface RegisteredServer extends ServerSettings {
  /** Number of the change that it comes from. Who changes a server says which one they have seen. */
  revision: number;
  updatedAt: Date;
}

/** The transports that clients can use with this server, the newer first. */
export function transportsOf(server: ServerEntry): Transport[] {
  const both: Transport[] = ['streamable-http', 'sse'];
  return both.filter((transport) => server.transports[transport] !== undefined);
}

/** The settings of a server, without the fields that the store adds. */
export function settingsOf({ revision: _, updatedAt: __, ...settings }: RegisteredServer): ServerSettings {
  return settings;
}

/** Where health checks reach a server, as one text: what is known of one target says nothing about another. */
export function targetOf({ upstream, transports }: Pick<ServerEntry, 'upstream' | 'transports'>): string {
  return [upstream, transports['streamable-http'] ?? '-', transports.sse ?? '-'].join(' ');
}
