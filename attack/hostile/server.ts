import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { parseJson } from '../../common/text/json.ts';
import { answer, type Behaviour, begin, event, type Heard, result } from './behaviours/behaviour.ts';

/** An MCP server on a free port of 127.0.0.1, honest until it is told to behave otherwise. */
export interface HostileServer {
  url: string;
  /** The bodies of all POSTs so far, for a server that must get none of some kind. */
  bodies: readonly string[];
  /** Behaves like this from the next request on; undefined is honest. It first closes all open connections. */
  behave(behaviour: Pick<Behaviour, 'answer'> | undefined): void;
  close(): Promise<void>;
}

const mostBodies = 10_000;

/** Starts the server. */
export async function startHostileServer(): Promise<HostileServer> {
  let current: Pick<Behaviour, 'answer'> | undefined;
  const bodies: string[] = [];
  const sockets = new Set<Socket>();
  const open: Heard[] = [];
  const streams = new Map<string, ServerResponse>();
  const server = createServer(async (request, response) => {
    response.on('error', () => undefined);
    const body = await text(request).catch(() => '');
    if (request.method === 'POST' && bodies.length < mostBodies) bodies.push(body);
    const heard = read(request, response, body, [...open]);
    open.push(heard);
    response.once('close', () => open.splice(open.indexOf(heard), 1));
    try {
      if (!current || current.answer(heard) === false) honest(heard, request, streams);
    } catch {
      response.destroy();
    }
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    behave(behaviour) {
      current = behaviour;
      hangUp();
    },
    async close() {
      hangUp();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function read(
  { method = '', url = '/' }: IncomingMessage,
  response: ServerResponse,
  body: string,
  open: Heard[],
): Heard {
  const message = (parseJson(body) ?? {}) as { method?: unknown; id?: Heard['id'] };
  return {
    method,
    path: url.split('?', 1)[0] ?? '',
    rpc: String(message.method ?? ''),
    id: message.id ?? null,
    response,
    open,
  };
}

const about = { capabilities: { tools: {} }, serverInfo: { name: 'attack', version: '1' } };
const tool = { name: 'harmless', inputSchema: { type: 'object' } };

function resultFor({ rpc, id }: Heard): string {
  if (rpc === 'initialize') return result({ protocolVersion: '2025-06-18', ...about }, id);
  if (rpc === 'tools/list') return result({ tools: [tool] }, id);
  if (rpc === 'tools/call') return result({ content: [] }, id);
  return result({}, id);
}

/** What an honest server of both transports answers. */
function honest(heard: Heard, { url = '' }: IncomingMessage, streams: Map<string, ServerResponse>): void {
  const { method, path, rpc, response } = heard;
  const session = /[?&]sessionId=([\w-]+)/.exec(url)?.[1] ?? '';
  if (method === 'GET') {
    const id = randomUUID();
    const first = path === '/sse' ? event(`/messages?sessionId=${id}`, 'endpoint') : ': hello\n\n';
    streams.set(id, begin(heard, first));
    response.once('close', () => streams.delete(id));
  } else if (method === 'DELETE') answer(heard, undefined, '');
  else if (path === '/messages') {
    answer(heard, 'text/plain', 'Accepted', 202);
    if (!rpc.startsWith('notifications/')) streams.get(session)?.write(event(resultFor(heard), 'message'));
  } else if (rpc.startsWith('notifications/')) answer(heard, undefined, '', 202);
  else {
    if (rpc === 'initialize') response.setHeader('mcp-session-id', randomUUID());
    answer(heard, 'application/json', resultFor(heard));
  }
}
