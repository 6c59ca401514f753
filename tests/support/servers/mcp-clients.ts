import type { RequestListener } from 'node:http';
import * as v2 from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as SseV1 } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as TransportV1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import * as z from 'zod';
import { createLog, type Logger } from '../../../common/service/log.ts';
import { listen as listenOnPort } from '../listen.ts';

const resultSchema = z.object({
  isError: z.boolean().default(false),
  content: z.array(z.object({ type: z.literal('text'), text: z.string() })),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
});

export interface ToolResult {
  failed: boolean;
  text: string;
  values: Record<string, unknown> | undefined;
}

export interface Lists {
  tools: { name: string }[];
  prompts: { name: string }[];
  resources: { uri: string }[];
  templates: { uriTemplate: string }[];
}

/** The part of a client that tests need, for both SDKs. */
export interface TestClient {
  call: (name: string, args?: Record<string, unknown>) => Promise<ToolResult>;
  listTools: () => Promise<{ name: string; description?: string | undefined; annotations?: object | undefined }[]>;
  /** Every list of the server, as the client received it. */
  lists: () => Promise<Lists>;
  /** The names of the tools on every page. */
  toolsOfAllPages: () => Promise<string[]>;
  prompt: (name: string) => Promise<unknown>;
  resources: () => Promise<{ uri: string }[]>;
  read: (uri: string) => Promise<unknown>;
  about: () => { instructions: string | undefined; server: object | undefined };
  close: () => Promise<void>;
}

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;
type Connect = (base: string, fetch?: Fetch) => Promise<TestClient>;

const info = { name: 'test', version: '1' };

function testClient(client: ClientV1 | v2.Client): TestClient {
  return {
    call: async (name, args = {}) => {
      const result = resultSchema.parse(await client.callTool({ name, arguments: args }));
      const text = result.content.map((part) => part.text).join('\n');
      return { failed: result.isError, text, values: result.structuredContent };
    },
    listTools: async () => (await client.listTools()).tools,
    lists: async () => ({
      tools: (await client.listTools()).tools,
      prompts: (await client.listPrompts()).prompts,
      resources: (await client.listResources()).resources,
      templates: (await client.listResourceTemplates()).resourceTemplates,
    }),
    toolsOfAllPages: () => allPages((cursor) => client.listTools(cursor === undefined ? {} : { cursor })),
    prompt: (name) => client.getPrompt({ name }),
    resources: async () => (await client.listResources()).resources,
    read: (uri) => client.readResource({ uri }),
    about: () => ({ instructions: client.getInstructions(), server: client.getServerVersion() }),
    close: () => client.close(),
  };
}

/** SDK v2 follows the cursors itself. */
async function allPages(
  page: (cursor?: string) => Promise<{ tools: { name: string }[]; nextCursor?: string | undefined }>,
): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const { tools, nextCursor } = await page(cursor);
    names.push(...tools.map(({ name }) => name));
    cursor = nextCursor;
  } while (cursor !== undefined);
  return names;
}

async function connectV1(transport: object): Promise<TestClient> {
  const client = new ClientV1(info);
  // The transports of SDK v1 do not match its interface under exactOptionalPropertyTypes.
  await client.connect(transport as TransportV1);
  return testClient(client);
}

async function connectV2(transport: v2.Transport, mode: v2.VersionNegotiationMode): Promise<TestClient> {
  const client = new v2.Client(info, { versionNegotiation: { mode } });
  await client.connect(transport);
  return testClient(client);
}

const given = (fetch?: Fetch) => (fetch ? { fetch } : {});

const streamableV2 =
  (mode: v2.VersionNegotiationMode): Connect =>
  (base, fetch) =>
    connectV2(new v2.StreamableHTTPClientTransport(new URL(`${base}/mcp`), given(fetch)), mode);

/** Every supported client and transport, by a name for test titles. */
export const connections: [string, Connect][] = [
  ['an SDK v1 client over streamable HTTP', (base, f) => connectV1(new HttpV1(new URL(`${base}/mcp`), given(f)))],
  ['an SDK v1 client over SSE', (base, f) => connectV1(new SseV1(new URL(`${base}/sse`), given(f)))],
  ['an SDK v2 client in legacy mode', streamableV2('legacy')],
  ['an SDK v2 client in auto mode', streamableV2('auto')],
  ['an SDK v2 client pinned to 2026-07-28', streamableV2({ pin: '2026-07-28' })],
  [
    'an SDK v2 client over SSE',
    (base, f) => connectV2(new v2.SSEClientTransport(new URL(`${base}/sse`), given(f)), 'legacy'),
  ],
];

/** A client for tests of other subjects. */
export const connect: Connect = streamableV2('auto');

/** A client over SSE, for tests of that transport. */
export const connectSse: Connect = (base, fetch) =>
  connectV2(new v2.SSEClientTransport(new URL(`${base}/sse`), given(fetch)), 'legacy');

/** Serves `listener` on a free port. @returns the origin, and `close` */
export async function listen(listener: RequestListener): Promise<{ base: string; close: () => Promise<void> }> {
  const { port, close } = await listenOnPort(listener);
  return { base: `http://127.0.0.1:${port}`, close };
}

/** A log at the lowest level whose lines the test can read. */
export function recordedLog(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  return { log: createLog('test', 'debug', { write: (line: string) => void lines.push(line) }), lines };
}

/** Waits up to two seconds until `check` succeeds; fails otherwise. */
export async function eventually(check: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 2_000; Date.now() < end; ) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not happen within two seconds');
}

/** What mcpgw is told. @param gateUrl where it calls other servers; without it nothing answers there */
export function mcpgwParts(registryUrl: string, gateUrl = 'http://127.0.0.1:1') {
  return { registryUrl, gateUrl, publicUrl: 'http://localhost:8080' };
}
