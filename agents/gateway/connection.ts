import {
  Client,
  ProtocolError,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Tool,
  type Transport,
} from '@modelcontextprotocol/client';
import { negotiationOver } from '../../common/network/negotiation.ts';
import { version } from '../../common/settings/version.ts';
import { CommandError } from '../lib/failure.ts';
import type { Print } from '../lib/print.ts';
import type { Settings } from '../lib/settings.ts';
import { type Fetch, watchFetch } from '../lib/watched-fetch.ts';
import { asRefusal, explainFailure, type Refusal } from './explain.ts';
import { fetchAs, type Identity } from './identity.ts';

export interface GatewayOptions {
  settings: Settings;
  /** An endpoint behind the gateway: `…/mcpgw/mcp`, or `…/mcpgw/sse` for the legacy transport. */
  url: string | URL;
  identity: Identity;
  print: Print;
  /** Closes the connection, on Ctrl-C or a time limit. */
  signal?: AbortSignal | undefined;
}

/** A connection to one MCP server behind the gateway, with the newest protocol version that the server speaks. */
export interface GatewayConnection {
  client: Client;
  close(): Promise<void>;
  /**
   * Runs work with the client and explains its errors.
   * @throws {CommandError} notLoggedIn, denied, unreachable or failed
   */
  run<T>(work: (client: Client) => Promise<T>): Promise<T>;
}

/** The address of a server behind the gateway, for streamable HTTP or the legacy transport. */
export function serverUrl(gateway: string, server: string, transport: 'mcp' | 'sse' = 'mcp'): URL {
  return new URL(`/${encodeURIComponent(server)}/${transport}`, gateway);
}

/**
 * Connects as this identity. The transport follows from the address: `/sse` is the legacy one.
 * @throws {CommandError} as `run`
 */
export async function openGateway(options: GatewayOptions): Promise<GatewayConnection> {
  const { settings, identity, print, signal } = options;
  const url = new URL(options.url);
  let refusal: Refusal | undefined;
  let broken: unknown;
  const ask = fetchAs(identity, watchFetch(print));
  // The SDK wraps errors of its fetch, and the legacy transport loses them.
  const fetch: Fetch = async (url, init) => {
    const response = await ask(url, init).catch((error) => {
      broken = error;
      throw error;
    });
    if (isRefused(response)) refusal = (await asRefusal(response.clone())) ?? refusal;
    return response;
  };
  const run = async <T>(client: Client, work: (client: Client) => Promise<T>): Promise<T> => {
    refusal = undefined;
    broken = undefined;
    try {
      return await work(client);
    } catch (error) {
      if (error instanceof CommandError) throw error;
      const circumstances = { settings, identity, url };
      // A server's own error arrived through the gateway, so an earlier refusal is not its cause.
      if (error instanceof ProtocolError && !isOf(refusal, error)) throw explainFailure(error, circumstances);
      throw explainFailure(broken ?? error, { ...circumstances, refusal });
    }
  };
  const mode = negotiationOver(isLegacy(url) ? 'sse' : 'streamable-http');
  const client = new Client({ name: 'mcp-gateway', version }, { versionNegotiation: { mode } });
  signal?.addEventListener('abort', () => void client.close().catch(() => undefined), { once: true });
  await run(client, () => client.connect(transportFor(url, fetch)));
  print.debug(`connected to ${url.pathname} as ${identity.shown}, MCP ${client.getNegotiatedProtocolVersion() ?? '?'}`);
  return { client, run: (work) => run(client, work), close: () => client.close().catch(() => undefined) };
}

/** The gateway refuses one request of a session with the status 200. nginx takes the header out of servers' answers. */
function isRefused({ ok, headers }: Response): boolean {
  const code = headers.get('x-deny-code');
  return !ok || (code !== null && code !== 'nothing_to_list');
}

function isOf(refusal: Refusal | undefined, { data }: ProtocolError): boolean {
  return (
    refusal !== undefined && refusal.reason !== '' && (data as Partial<Refusal> | undefined)?.reason === refusal.reason
  );
}

function transportFor(url: URL, fetch: Fetch): Transport {
  return isLegacy(url) ? new SSEClientTransport(url, { fetch }) : new StreamableHTTPClientTransport(url, { fetch });
}

function isLegacy(url: URL): boolean {
  return url.pathname.endsWith('/sse');
}

const mostPages = 100;

/** All tools of a server that the caller may use, page by page. */
export async function listTools(client: Client): Promise<Tool[]> {
  const tools: Tool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const answer = await client.listTools(cursor === undefined ? {} : { cursor });
    tools.push(...answer.tools);
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  return tools;
}
