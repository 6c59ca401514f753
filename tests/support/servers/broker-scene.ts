import type { RequestListener, ServerResponse } from 'node:http';
import type { StreamEvent } from '../../../common/answers/event-stream.ts';
import { createCalls } from '../../../servers/broker/calls.ts';
import type {
  Announced,
  Calls,
  ClientMessage,
  ClientSession,
  Exchange,
  Member,
  Reply,
  Route,
} from '../../../servers/broker/exchange.ts';
import { createGate } from '../../../servers/broker/members/gate.ts';
import { listen, until } from '../listen.ts';

/** What a client got for one request. */
export class Got implements Reply {
  readonly events: StreamEvent[] = [];
  status: number | undefined;
  ended = false;
  json: string | undefined;
  readonly #gone = new AbortController();
  readonly gone = this.#gone.signal;

  whole(status: number, json: string | Uint8Array): void {
    if (this.ended) throw new Error('answered twice');
    this.status = status;
    this.json = String(json instanceof Uint8Array ? Buffer.from(json) : json);
    this.ended = true;
  }

  async event(event: StreamEvent): Promise<void> {
    if (this.ended) throw new Error('an event after the end');
    this.events.push(event);
  }

  end(): void {
    this.ended = true;
  }

  leave(): void {
    this.#gone.abort(new Error('the client has gone'));
  }

  /** All messages, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into it as it likes
  get messages(): any[] {
    const sent = this.events.flatMap(({ data }) => (data && data.length > 0 ? [String(data)] : []));
    return [...sent, ...(this.json === undefined ? [] : [this.json])].map((json) => JSON.parse(json));
  }

  // biome-ignore lint/suspicious/noExplicitAny: see above
  get last(): any {
    return this.messages.at(-1);
  }

  /** The text of the last message's first content. */
  get text(): string | undefined {
    return this.last?.result?.content?.[0]?.text;
  }

  /** Waits for a message with a method. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  async asked(method: string): Promise<any> {
    const find = () => this.messages.find((message) => message.method === method);
    await until(find, 10_000);
    return find();
  }
}

const capabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
const announced: Announced = {
  protocolVersion: '2025-11-25',
  capabilities,
  clientInfo: { name: 'test', version: '1' },
};

/** Members behind a gate that admits everything, or refuses what a test wants refused. */
export class BrokerScene {
  readonly calls: Calls;
  /** The gate's address. */
  readonly origin: string;
  /** Refuses requests to a server, as the gate would. */
  readonly refused = new Map<string, { status: number; code: string; message: string }>();
  /** The delegations that were shown, by server. */
  readonly shown: string[] = [];
  readonly close: () => Promise<void>;
  /** Requests that are being answered. */
  readonly open = new Set<ServerResponse>();
  #last = 0;

  private constructor(origin: string, close: () => Promise<void>) {
    this.origin = origin;
    this.calls = createCalls(createGate(origin, 'https://gateway.example'));
    this.close = close;
  }

  static async start(members: Readonly<Record<string, RequestListener>>): Promise<BrokerScene> {
    let scene: BrokerScene | undefined;
    const { port, close } = await listen((req, res) => {
      const server = req.url?.split('/')[1] ?? '';
      scene?.shown.push(`${server} ${req.headers.host} ${req.headers.authorization}`);
      scene?.open.add(res);
      res.once('close', () => scene?.open.delete(res));
      const refusal = scene?.refused.get(server);
      if (!refusal) return void members[server]?.(req, res);
      const { status, code, message } = refusal;
      res.writeHead(status, { 'content-type': 'application/json', ...(code !== '' && { 'x-deny-code': code }) });
      res.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32003, message, data: { reason: code } } }));
    });
    scene = new BrokerScene(`http://127.0.0.1:${port}`, close);
    return scene;
  }

  /** Ends all connections. */
  cut(): void {
    for (const res of this.open) res.destroy();
  }

  /** A client of the old era, with the messages on its standing stream. */
  session(more: Partial<Announced> = {}): ClientSession & { sent: StreamEvent[] } {
    const sent: StreamEvent[] = [];
    const send = (event: StreamEvent) => sent.push(event) > 0;
    return { id: `session-${++this.#last}`, owner: 'person:alice', announced: { ...announced, ...more }, send, sent };
  }

  exchange(
    message: object,
    more: { session?: ClientSession | undefined; owner?: string; capabilities?: object; reply?: Got } = {},
  ): Exchange & { reply: Got } {
    const { session, owner = 'person:alice', reply = new Got() } = more;
    const own = session?.announced ?? {
      ...announced,
      ...(more.capabilities && { capabilities: { ...more.capabilities } }),
    };
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    return {
      owner,
      era: session ? 'old' : 'new',
      session,
      announced: own,
      delegation: 'delegation',
      traceparent: undefined,
      message: JSON.parse(text) as ClientMessage,
      text,
      reply,
    };
  }

  /** Sends a request and waits for its end. */
  async ask(
    message: object,
    routes: readonly Route[],
    more: Parameters<BrokerScene['exchange']>[1] = {},
  ): Promise<Got> {
    const exchange = this.exchange({ id: ++this.#last, ...message }, more);
    await this.calls.answer(exchange, routes);
    return exchange.reply;
  }

  /** Calls a tool of a member. */
  tool(
    member: Member,
    name: string,
    params: object = {},
    more: Parameters<BrokerScene['exchange']>[1] = {},
  ): Promise<Got> {
    const message = { method: 'tools/call', params: { name: `${member.server}__${name}`, ...params } };
    return this.ask(message, [{ member, name }], more);
  }
}
