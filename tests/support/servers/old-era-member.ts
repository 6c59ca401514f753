import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { json } from 'node:stream/consumers';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { type ElicitRequest, ElicitResultSchema } from '@modelcontextprotocol/sdk/types.js';

/** What the member asks, in the middle of a call. */
const questions = {
  form: { message: 'Who?', requestedSchema: { type: 'object', properties: { v: { type: 'string' } } } },
  page: { mode: 'url', message: 'Sign in', url: 'https://login.example/start', elicitationId: 'e1' },
} as const;

/** A member on SDK v1 with sessions, as most servers of 2025 are. It asks on the stream of the call. */
export function oldEraMember(): RequestListener {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const serve: RequestListener = async (req, res) => {
    const body = req.method === 'POST' ? await json(req) : undefined;
    const id = req.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (id !== undefined && !known) return void res.writeHead(404).end();
    const transport = known ?? (await open(sessions));
    await transport.handleRequest(req, res, body);
  };
  return (req, res) => void serve(req, res);
}

async function open(sessions: Map<string, StreamableHTTPServerTransport>): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  await build().connect(transport as Transport);
  return transport;
}

function build(): McpServer {
  const server = new McpServer({ name: 'old', version: '1' });
  for (const [name, params] of Object.entries(questions)) {
    const asked = params as unknown as ElicitRequest['params'];
    server.registerTool(name, {}, async ({ sendRequest }) =>
      said(await sendRequest({ method: 'elicitation/create', params: asked }, ElicitResultSchema)),
    );
    // The way that the SDK's pages show. The question goes on the standing stream, if there is one.
    server.registerTool(`${name}Outside`, {}, async () => said(await server.server.elicitInput(asked as never)));
  }
  return server;
}

const said = (answer: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(answer) }] });
