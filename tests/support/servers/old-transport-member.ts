import { randomUUID } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';
import { text as textOf } from 'node:stream/consumers';

/** A member that only has the HTTP+SSE transport of MCP 2024-11-05, as it is behind the gate: `/{name}/sse` and `/{name}/messages`. */
export class OldTransportMember {
  readonly streams = new Map<string, ServerResponse>();
  readonly log: string[] = [];
  /** What the stream names as its address. */
  endpoint = (name: string, id: string) => `/${name}/messages?sessionId=${id}`;
  readonly #asked = new Map<string, (answer: object) => void>();

  readonly listener: RequestListener = (req, res) => {
    const url = new URL(req.url ?? '', 'http://localhost');
    const [, name = '', endpoint] = url.pathname.split('/');
    if (endpoint === 'sse') return this.#open(name, res);
    const stream = endpoint === 'messages' ? this.streams.get(url.searchParams.get('sessionId') ?? '') : undefined;
    if (!stream) return void res.writeHead(404).end();
    void textOf(req).then((text) => {
      res.writeHead(202).end('Accepted');
      this.#take(JSON.parse(text), stream);
    });
  };

  #open(name: string, res: ServerResponse): void {
    const id = randomUUID();
    this.streams.set(id, res);
    res.once('close', () => this.streams.delete(id));
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write(`event: endpoint\ndata: ${this.endpoint(name, id)}\n\n`);
  }

  #take(message: { id?: number; method?: string; params?: Record<string, unknown> }, stream: ServerResponse): void {
    const { id, method, params } = message;
    this.log.push(method ?? 'answer');
    const say = (said: object) =>
      stream.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...said })}\n\n`);
    if (method === undefined) return void this.#asked.get(String(id))?.(message);
    if (id === undefined) return;
    if (method === 'initialize') return void say({ id, result: { protocolVersion: '2024-11-05', capabilities: {} } });
    if (params?.name !== 'ask') return void say({ id, result: { content: [{ type: 'text', text: params?.name }] } });
    this.#asked.set(`q${id}`, (answer) =>
      say({ id, result: { content: [{ type: 'text', text: JSON.stringify(answer) }] } }),
    );
    say({ method: 'notifications/progress', params: { progressToken: 'of another call', progress: 1 } });
    say({ id: `q${id}`, method: 'elicitation/create', params: { message: 'Who?' } });
  }
}
