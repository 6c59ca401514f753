import { type Client, type FetchLike, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { JsonObject } from '../../servers/definition.ts';
import { iconSource } from '../../servers/icon-source.ts';
import type { ObservedServer } from '../../servers/self-description.ts';
import { type CheckTarget, endSession } from './end-session.ts';

type Connection = Parameters<Client['connect']>[0];

/**
 * What a check keeps, so that the next ones send one request instead of the whole handshake: a bridge may start a process for
 * each session, or for each request.
 */
export interface KeptConnection {
  about: Omit<ObservedServer, 'tools' | 'prompts' | 'resources' | 'resourceTemplates'>;
  /** How many checks have used it. */
  checks: number;
  /** What a server of MCP 2026-07-28 said about itself. */
  discover?: NonNullable<ReturnType<Client['getDiscoverResult']>>;
  /** The session of an older server, or {@link noSession}. */
  session?: string;
  version?: string | undefined;
  /** Ends the session, if there is one. Never throws. */
  end: () => Promise<void>;
}

/** Stands for no session: the client makes no handshake for a transport that has a session. It is never sent. */
const noSession = '(none)';

/** After this many checks one begins with the handshake again: the server may have been replaced by a newer one. */
export const checksOfConnection = 10;

/** Removes the stand-in for no session from a request. */
export function withoutPlaceholder(init: Parameters<FetchLike>[1]): Parameters<FetchLike>[1] {
  const headers = new Headers(init?.headers);
  if (headers.get('mcp-session-id') === noSession) headers.delete('mcp-session-id');
  return { ...init, headers };
}

/** What the client may take as known from an earlier connection. */
export function priorOf(kept: KeptConnection | undefined) {
  return kept?.discover && { prior: { kind: 'modern' as const, discover: kept.discover } };
}

/**
 * What a healthy check over Streamable HTTP keeps for the next one.
 * @returns undefined where the next check must begin with the handshake
 */
export function keepConnection(
  client: Client,
  connection: Connection,
  target: CheckTarget,
  url: URL,
): KeptConnection | undefined {
  const isStreamable = connection instanceof StreamableHTTPClientTransport;
  if (!isStreamable || !client.getServerCapabilities()?.tools) return undefined;
  const known = { about: about(client), checks: 0 };
  const discover = client.getDiscoverResult();
  if (discover) return { ...known, discover, end: async () => undefined };
  const { sessionId, protocolVersion: version } = connection;
  const end = async () => (sessionId ? await endSession(target, url, sessionId, version) : undefined);
  return { ...known, session: sessionId ?? noSession, version, end };
}

/** Ends the session of a check. Otherwise a server with sessions would keep one more after each check. */
export async function endOpened(connection: Connection, target: CheckTarget, url: URL): Promise<void> {
  if (connection instanceof StreamableHTTPClientTransport && connection.sessionId)
    await endSession(target, url, connection.sessionId, connection.protocolVersion);
}

const maxText = 10_000;
const maxCapabilities = 65_536;

/** What a server has said about itself in the handshake, cut to what is stored. */
export function about(client: Client): KeptConnection['about'] {
  const { name = null, title = null, version = null, icons } = client.getServerVersion() ?? {};
  const icon = iconSource(icons);
  const capabilities: JsonObject = { ...client.getServerCapabilities() };
  const cut = (text: string | null | undefined, most: number) => text?.slice(0, most) ?? null;
  return {
    name: cut(name, 256),
    title: cut(title, 256),
    version: cut(version, 256),
    protocolVersion: cut(client.getNegotiatedProtocolVersion(), 64),
    era: cut(client.getProtocolEra(), 64),
    instructions: cut(client.getInstructions(), maxText),
    ...(icon !== undefined && { icon }),
    capabilities: JSON.stringify(capabilities).length > maxCapabilities ? {} : capabilities,
  };
}
