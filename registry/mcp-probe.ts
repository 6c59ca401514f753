import {
  Client,
  SdkHttpError,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Tool,
} from '@modelcontextprotocol/client';
import { createPinnedFetch, TooMuchError } from './pinned-fetch.ts';
import type { ServerEntry } from './store/server-store.ts';

/** One tool as a server announced it. The text is the server's own and not to be trusted. */
export interface ToolInfo {
  name: string;
  title: string | null;
  description: string | null;
}

/** What asking a server brought: its tools, or the reason in words that name no address. */
export type ProbeResult =
  | { status: 'up'; tools: readonly ToolInfo[] }
  | { status: 'down' | 'needs-authentication'; error: string; cause?: unknown };

const maxBytes = 4 * 1024 * 1024;
const maxTools = 1_000;
const maxText = 2_000;

/**
 * Asks a server as an MCP client would: a handshake of either era and `tools/list` (MCP 2026-07-28 and 2025-11-25).
 * It goes to the server's own origin, without credentials and without passing the gateway.
 * @param addresses the vetted `ip:port` addresses of the server
 * @param timeoutMs for everything together
 * @returns what came of it; never throws
 */
export async function probeServer(
  server: ServerEntry,
  addresses: readonly string[],
  timeoutMs: number,
): Promise<ProbeResult> {
  const signal = AbortSignal.timeout(timeoutMs);
  const client = new Client({ name: 'mcp-gateway-registry', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  const transport = createTransport(server, addresses, signal);
  try {
    await client.connect(transport, { signal, timeout: timeoutMs });
    const { tools } = await client.listTools(undefined, { signal, timeout: timeoutMs });
    return { status: 'up', tools: tools.slice(0, maxTools).map(toToolInfo) };
  } catch (error) {
    return { ...explain(error, signal, timeoutMs), cause: error };
  } finally {
    await close(client, transport);
  }
}

function createTransport(server: ServerEntry, addresses: readonly string[], signal: AbortSignal) {
  const fetch = createPinnedFetch({ origin: server.upstream, addresses, maxBytes, signal });
  const { 'streamable-http': mcp, sse = '/sse' } = server.transports;
  return mcp === undefined
    ? new SSEClientTransport(new URL(sse, server.upstream), { fetch })
    : new StreamableHTTPClientTransport(new URL(mcp, server.upstream), { fetch });
}

async function close(client: Client, transport: ReturnType<typeof createTransport>): Promise<void> {
  // A server with sessions would otherwise keep one more for each time it is asked.
  if (transport instanceof StreamableHTTPClientTransport && transport.sessionId)
    await transport.terminateSession().catch(() => undefined);
  await client.close().catch(() => undefined);
}

function toToolInfo({ name, title, annotations, description }: Tool): ToolInfo {
  return {
    name: name.slice(0, 200),
    title: (title ?? annotations?.title)?.slice(0, 200) ?? null,
    description: description?.trim().slice(0, maxText) || null,
  };
}

function explain(error: unknown, signal: AbortSignal, timeoutMs: number): Exclude<ProbeResult, { status: 'up' }> {
  const down = (text: string) => ({ status: 'down' as const, error: text });
  const chain = causes(error);
  if (chain.some((e) => e instanceof TooMuchError)) return down('It sent more than 4 MB.');
  const http = chain.find((e) => SdkHttpError.isInstance(e));
  if (http?.status === 401 || http?.status === 403) {
    const error = `It wants credentials of its own (HTTP ${http.status}).`;
    return { status: 'needs-authentication', error };
  }
  if (signal.aborted) return down(`It did not answer within ${timeoutMs / 1000} s.`);
  if (http) return down(`It answered HTTP ${http.status} instead of MCP.`);
  const codes = chain.map((e) => ('code' in e ? String(e.code) : ''));
  if (codes.includes('ECONNREFUSED')) return down('Nothing listens at its address.');
  if (codes.includes('ECONNRESET')) return down('It closed the connection.');
  if (codes.some((code) => /CERT|TLS|SSL|UNABLE_TO/.test(code))) return down('Its TLS certificate cannot be verified.');
  if (codes.some((code) => /^E(HOSTUNREACH|NETUNREACH|TIMEDOUT)$/.test(code)))
    return down('Its host cannot be reached.');
  return down('It did not answer as an MCP server does.');
}

/** The error and what it was caused by; a failed attempt at several addresses carries its errors in a list. */
function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let next = error; Error.isError(next) && chain.length < 10; next = next.cause) {
    chain.push(next);
    if ('errors' in next && Array.isArray(next.errors)) chain.push(...next.errors.filter((e) => Error.isError(e)));
  }
  return chain;
}
