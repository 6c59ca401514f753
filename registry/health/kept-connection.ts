import type { Client, FetchLike } from '@modelcontextprotocol/client';
import type { ObservedServer } from '../servers/self-description.ts';

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
export const noSession = '(none)';

/** After this many checks one begins with the handshake again: the server may have been replaced by a newer one. */
export const checksOfConnection = 10;

/** Removes the stand-in for no session from a request. */
export function withoutPlaceholder(init: Parameters<FetchLike>[1]): Parameters<FetchLike>[1] {
  const headers = new Headers(init?.headers);
  if (headers.get('mcp-session-id') === noSession) headers.delete('mcp-session-id');
  return { ...init, headers };
}
