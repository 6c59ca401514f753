import { serverAddress } from '../../common/upstream-secrets/server-address.ts';

/** A transport of a server, as in the MCP registry's `remotes[].type`. */
export type Transport = 'streamable-http' | 'sse';

/**
 * Whose credential a server gets: the operator's own (`secret`), or that of each person (`account`). Both are names of entries
 * in UPSTREAM_SECRETS_FILE. `checks` names the operator's secret for the registry's own requests to a server of the second
 * kind; without one these carry no credential.
 */
export type ServerAuth = { secret: string } | { account: string; checks?: string | undefined };

/** One MCP server: its name and location. */
export interface ServerEntry {
  /** Path segment under the gateway; see `policy/names.ts`. */
  name: string;
  title: string;
  description: string;
  /** The server's real origin, such as `http://127.0.0.1:8000`. Only shown to users who may change it. */
  upstream: string;
  /** Paths on the upstream. The 2024-11-05 transport announces its message endpoint on its stream. */
  transports: { 'streamable-http'?: string | undefined; sse?: string | undefined };
  tags: readonly string[];
  /** Null if the server needs no credential. Only shown to users who may change the server. */
  auth?: ServerAuth | null | undefined;
  /** Names of headers that the server gets as its callers send them. Only shown to users who may change the server. */
  forward_headers?: readonly string[] | undefined;
  /** The Host header that it gets, if that is not the host of `upstream`. Only shown to users who may change the server. */
  host_header?: string | null | undefined;
  /** How many seconds a health check waits for its answer; null for HEALTH_SECONDS. */
  health_seconds?: number | null | undefined;
}

/** An icon: `icons` of the MCP registry's `server.json`. `src` is an https URL. */
interface Icon {
  src: string;
  mimeType?: string | undefined;
  /** Such as `48x48`, or `any`. */
  sizes?: readonly string[] | undefined;
}

/** A server whose tools a set offers. */
export interface SetMember {
  server: string;
  /** Names of its tools; null for all of them, with its prompts and resources. */
  tools: readonly string[] | null;
  /** `never`: its names stand without `server__` in front. One member of a set may have it. */
  prefix: 'never' | null;
}

/**
 * The upstream and endpoint of a set, which has none: the hub serves it. `.invalid` never resolves (RFC 2606), so that a
 * registry of an earlier version over the same database routes it nowhere.
 */
export const locationOfSet = { upstream: 'http://set.invalid', transports: { 'streamable-http': '/mcp' } } as const;

/**
 * What a server may ask of its callers' clients through the hub: their model, or that they open a page. Questions in a form are
 * open to every server.
 */
export const permissions = ['sampling', 'open_pages'] as const;
type Permission = (typeof permissions)[number];

export interface ServerSettings extends ServerEntry {
  /** The servers of a set; null for a server. */
  members: readonly SetMember[] | null;
  /** The server's own version. */
  version: string | null;
  /** An https URL of its source code. */
  repository: string | null;
  /** SPDX identifier or name. */
  license: string | null;
  icons: readonly Icon[];
  /** null if the server needs no credential. */
  auth: ServerAuth | null;
  forward_headers: readonly string[];
  host_header: string | null;
  health_seconds: number | null;
  may: readonly Permission[];
  /** Its published name, such as `io.github.owner/name`. The MCP registry API lists it under this name. */
  alias: string | null;
  /** A disabled server is shown, but has no route. */
  enabled: boolean;
}

/** Who owns a server: stable subject and display name. */
export interface Owner {
  sub: string;
  username: string;
}

/** What is known of a server beside its settings. */
export interface Standing {
  /** Who registered it, or was named since; null for no owner. */
  owner: Owner | null;
  /** The subject of the person who disabled it; null if it is enabled, or if that is unknown. */
  disabledBy: string | null;
  /** Its owner has changed more than words: it stays disabled until a person with `modify_service` enables it. */
  awaits: boolean;
}

export interface RegisteredServer extends ServerSettings, Standing {
  /** Number of its last change. A user who changes a server sends the revision that they saw. */
  revision: number;
  updatedAt: Date;
}

/** Whether this is a set of tools, which the hub serves: it has no address of its own, no checks and no tools. */
export function isSet({ members }: Pick<ServerSettings, 'members'>): boolean {
  return members !== null;
}

/** The transports of a server, newest first. */
export function transportsOf(server: ServerEntry): Transport[] {
  const both: Transport[] = ['streamable-http', 'sse'];
  return both.filter((transport) => server.transports[transport] !== undefined);
}

/** The settings of a server, without the fields that the store adds. */
export function settingsOf(server: RegisteredServer): ServerSettings {
  const { revision: _, updatedAt: __, owner: ___, disabledBy: ____, awaits: _____, ...settings } = server;
  return settings;
}

/** What is known of a server beside its settings. */
export function standingOf({ owner, disabledBy, awaits }: RegisteredServer): Standing {
  return { owner, disabledBy, awaits };
}

/**
 * Where health checks reach a server, as one text: what is known of one target says nothing about another. What an operator's
 * credential has read of a server with people's accounts says nothing once there is none.
 */
export function targetOf(server: Pick<ServerEntry, 'upstream' | 'transports' | 'host_header' | 'auth'>): string {
  const { upstream, transports, host_header } = server;
  const host = host_header ? [host_header] : [];
  const without = accountOf(server) !== undefined && secretOf(server) === undefined ? ['(no credential)'] : [];
  return [upstream, transports['streamable-http'] ?? '-', transports.sse ?? '-', ...host, ...without].join(' ');
}

/** The whole address of a server, to which people's accounts are bound. */
export function addressOf({ upstream, transports }: Pick<ServerEntry, 'upstream' | 'transports'>): string {
  return serverAddress({ origin: upstream, mcp: transports['streamable-http'], sse: transports.sse });
}

/** The entry that gives each person's own account at this server; undefined for another server. */
export function accountOf({ auth }: Pick<ServerEntry, 'auth'>): string | undefined {
  return auth && 'account' in auth ? auth.account : undefined;
}

/** The operator's secret that the registry's own requests to this server carry; undefined for none. */
export function secretOf({ auth }: Pick<ServerEntry, 'auth'>): string | undefined {
  if (!auth) return undefined;
  return 'account' in auth ? auth.checks : auth.secret;
}
