import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** A result with everything that a reader could change by accident. `ID` stands for the request's id. */
export const richResult =
  '{"structuredContent":{"n":12345678901234567890,"f":1.0,"e":1e400,"z":0.10},"content":[{"type":"text","text":"t"},{"type":"resource_link","uri":"odd://linked","name":"a","x-unknown":{"deep":[1,2]}},{"type":"hologram","data":"new kind"}],"isError":true,"_meta":{"vendor.example/x":{"y":[1]}},"unknownTop":"stays", "spaced" :  [ 1 , 2 ]}';

type Message = {
  id?: string | number;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: unknown;
};
type Arguments = Record<string, unknown>;

/** What a tool of the odd member works with. */
interface Call {
  id: string;
  args: Arguments;
  token: unknown;
  req: IncomingMessage;
  res: ServerResponse;
  /** Sends a message on the stream of the call. */
  say: (message: object | string) => void;
  /** Sends the result and ends. */
  done: (result: object) => void;
  ask: (method: string, params: object) => Promise<Message>;
}

/** A member of 2025-11-25 with sessions, by hand, that does what members may do, and what they may not. */
export class OddMember {
  /** A line for each request: method, whether in a session, and what it is about. */
  readonly log: string[] = [];
  readonly sessions = new Map<string, Record<string, unknown>>();
  readonly streams = new Set<ServerResponse>();
  readonly #waiting = new Map<string | number, (answer: Message) => void>();
  #asked = 0;

  readonly listener: RequestListener = (req, res) => {
    void this.#serve(req, res);
  };

  /** As after a restart. */
  forget(): void {
    this.sessions.clear();
  }

  /** On all standing streams. */
  send(message: object): void {
    for (const stream of this.streams) stream.write(`data: ${JSON.stringify(message)}\n\n`);
  }

  logged(part: string): number {
    return this.log.filter((line) => line.includes(part)).length;
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const session = String(req.headers['mcp-session-id'] ?? '');
    const inSession = this.sessions.has(session);
    if (req.method === 'DELETE') {
      this.log.push('DELETE');
      this.sessions.delete(session);
      return void res.writeHead(200).end();
    }
    if (req.method === 'GET') return this.#stream(req, res, inSession);
    const message = JSON.parse(await textOf(req)) as Message;
    const { id, method, params } = message;
    this.log.push(
      `${method ?? 'answer'} ${JSON.stringify(id ?? params?.requestId ?? null)}${params?.level ? ` ${params.level}` : ''}`,
    );
    if (method === 'initialize') {
      const made = randomUUID();
      this.sessions.set(made, params ?? {});
      const capabilities = {
        tools: {},
        resources: { subscribe: true },
        prompts: {},
        logging: {},
        completions: {},
        tasks: {},
      };
      const result = {
        protocolVersion: params?.protocolVersion,
        capabilities,
        serverInfo: { name: 'odd', version: '1' },
      };
      return answer(res, 200, { id, result }, { 'mcp-session-id': made });
    }
    if (!inSession) return answer(res, 404, { id: id ?? null, error: { code: -32001, message: 'Session not found' } });
    if (method === undefined) {
      this.#waiting.get(id ?? '')?.(message);
      return void res.writeHead(202).end();
    }
    if (id === undefined) return void res.writeHead(202).end();
    await this.#answer(message, req, res);
  }

  #stream(req: IncomingMessage, res: ServerResponse, inSession: boolean): void {
    if (!inSession) return void res.writeHead(404).end();
    const lastId = req.headers['last-event-id'];
    this.log.push(`GET ${lastId ?? ''}`);
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    if (typeof lastId === 'string') {
      res.write(`id: later\ndata: {"jsonrpc":"2.0","id":${lastId},"result":{"content":[]}}\n\n`);
      return void res.end();
    }
    this.streams.add(res);
    res.once('close', () => this.streams.delete(res));
  }

  async #answer({ id, method, params = {} }: Message, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const ok = (result: object) => answer(res, 200, { id, result });
    const uri = String(params.uri);
    switch (method) {
      case 'tools/list':
        return ok({ tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object' } })) });
      case 'prompts/list':
        return ok({ prompts: [{ name: 'greet', arguments: [{ name: 'who' }] }] });
      case 'resources/list':
        return ok({ resources: [{ uri: 'odd://a/1', name: 'a' }] });
      case 'resources/templates/list':
        return ok({ resourceTemplates: [{ uriTemplate: 'odd://t/{id}', name: 't' }] });
      case 'tools/call':
        return await this.#call(String(params.name), params, JSON.stringify(id), req, res);
      case 'prompts/get':
        return ok({ messages: [{ role: 'user', content: { type: 'text', text: `greet ${params.name}` } }] });
      case 'completion/complete':
        return ok({ completion: { values: [JSON.stringify(params.ref)] } });
      case 'resources/read':
        if (!uri.startsWith('odd://'))
          return answer(res, 200, { id, error: { code: -32002, message: 'no such resource' } });
        return ok({ contents: [{ uri, text: `odd reads ${uri}` }] });
      case 'tasks/get':
        return ok({ taskId: params.taskId, status: 'working' });
      case 'tasks/list':
        return ok({ tasks: [{ taskId: 't1', status: 'working' }] });
      default:
        return ok({});
    }
  }

  async #call(name: string, params: Arguments, id: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const tool = tools[name];
    if (!tool)
      return answer(res, 200, {
        id: JSON.parse(id),
        error: { code: -32602, message: `Unknown tool: ${name}`, data: { n: 1 } },
      });
    const say = (message: object | string) => {
      if (!res.headersSent) res.writeHead(200, { 'content-type': 'text/event-stream' });
      const json = typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message });
      res.write(`event: message\ndata: ${json}\n\n`);
    };
    const done = (result: object) => {
      say({ id: JSON.parse(id), result });
      res.end();
    };
    const ask = (method: string, asked: object) => {
      // Ids of both kinds.
      const own = ++this.#asked % 2 ? this.#asked : `s${this.#asked}`;
      const { promise, resolve } = Promise.withResolvers<Message>();
      this.#waiting.set(own, resolve);
      say({ id: own, method, params: asked });
      return promise;
    };
    res.once('close', () => res.writableFinished || this.log.push('call stream closed'));
    const meta = params._meta as { progressToken?: unknown } | undefined;
    const args = (params.arguments ?? {}) as Arguments;
    await tool({ id, args, token: meta?.progressToken, req, res, say, done, ask });
  }
}

const text = (value: unknown) => ({
  content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }],
});

const tools: Readonly<Record<string, (call: Call) => void | Promise<void>>> = {
  headers: ({ id, req, res }) => answer(res, 200, { id: JSON.parse(id), result: text(req.headers) }),
  rich: ({ id, res }) =>
    void res
      .writeHead(200, { 'content-type': 'application/json' })
      .end(`{"jsonrpc":"2.0","id":${id},"result":${richResult}}`),
  late: ({ id, say, res }) => {
    say(`{"jsonrpc":"2.0","id":${id},"result":${richResult}}`);
    res.end();
  },
  big: ({ id, args, res }) =>
    answer(res, 200, {
      id: JSON.parse(id),
      result: { content: [{ type: 'image', mimeType: 'image/png', data: 'A'.repeat(Number(args.bytes)) }] },
    }),
  tooBig: ({ res }) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': 33_554_433 });
    res.write('{');
  },
  ask: async ({ ask, done, args }) => {
    const { result, error } = await ask('elicitation/create', {
      message: 'Your password for m00?',
      requestedSchema: { type: 'object', properties: {} },
      ...args,
    });
    done(text(result ?? error));
  },
  sample: async ({ ask, done }) => {
    const { result, error } = await ask('sampling/createMessage', {
      messages: [],
      maxTokens: 5,
      includeContext: 'allServers',
    });
    done(text(result ?? error));
  },
  wantsPage: ({ id, res }) => {
    const page = { mode: 'url', url: 'https://odd.example/', elicitationId: 'e', message: 'Log in' };
    const error = { code: -32042, message: 'first', data: { elicitations: [page] } };
    answer(res, 200, { id: JSON.parse(id), error });
  },
  askMany: async ({ ask, done, args }) => {
    const asked = Array.from({ length: Number(args.n) }, () => ask('elicitation/create', { message: '?' }));
    const refused = (await Promise.race(asked)).error;
    done(text(refused));
  },
  slow: async ({ token, say, done, res }) => {
    for (let i = 1; !res.destroyed; i++) {
      if (token !== undefined) say({ method: 'notifications/progress', params: { progressToken: token, progress: i } });
      else say(':');
      await sleep(5);
    }
    done(text('never'));
  },
  progress: ({ token, say, done }) => {
    say({ method: 'notifications/progress', params: { progressToken: 'of another call', progress: 1 } });
    say({ method: 'notifications/progress', params: { progressToken: token, progress: 2 } });
    done(text('done'));
  },
  logs: ({ say, done, args }) => {
    for (let i = 0; i < Number(args.n ?? 1); i++)
      say({
        method: 'notifications/message',
        params: { level: 'info', ...(args.logger !== undefined && { logger: args.logger }), data: 'x' },
      });
    done(text('done'));
  },
  flood: ({ say, done }) => {
    for (let i = 0; i < 100; i++) say({ method: 'notifications/tools/list_changed' });
    done(text('done'));
  },
  lies: ({ say, done }) => {
    say('{"jsonrpc":"2.0","id":999999,"result":{"content":[{"type":"text","text":"of another request"}]}}');
    say('{"jsonrpc":"2.0","method":"x","method":"y"}');
    say('not JSON');
    done(text('truth'));
  },
  twice: ({ id, res }) =>
    void res
      .writeHead(200, { 'content-type': 'application/json' })
      .end(`{"jsonrpc":"2.0","id":${id},"result":{},"result":{"content":[]}}`),
  page: ({ res }) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello</p>'),
  crash: ({ res }) => void res.destroy(),
  breaksOff: ({ say, res }) => {
    say({ method: 'notifications/message', params: { level: 'info', data: 'x' } });
    res.end();
  },
  /** Ends its stream before the answer, which comes after `Last-Event-ID`. */
  polls: ({ id, res }) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.end(`id: ${id}\nretry: 7\ndata: \n\n`);
  },
  task: ({ id, res }) =>
    answer(res, 200, { id: JSON.parse(id), result: { task: { taskId: 't1', status: 'working' } } }),
};

function answer(res: ServerResponse, status: number, message: object, headers: Record<string, string> = {}): void {
  res.writeHead(status, { 'content-type': 'application/json', ...headers });
  res.end(JSON.stringify({ jsonrpc: '2.0', ...message }));
}
