import { EventSourceParserStream } from 'eventsource-parser/stream';

/** Where a server is reached, directly or through the gate, and what each request carries. */
export interface Door {
  url: string;
  transport: 'streamable-http' | 'sse';
  headers: Record<string, string>;
}

type Message = { id?: unknown } & Record<string, unknown>;

/** What came back for one request: the parts that a client acts on. */
export interface Reply {
  status: number;
  /** The media type. Over SSE the answer comes on the stream, so there it is the same for all. */
  type: string;
  /** Whether the answer names a session. */
  session: boolean;
  /** The JSON-RPC messages, notifications included, in the order of arrival. The text itself if it is not JSON. */
  messages: unknown[];
  /** The gateway's code, if the gateway itself refused the request. */
  denied?: string;
}

/** A client's connection, without any library in between that could hide a difference. */
export interface Conversation {
  /** Sends one message, and returns when its answer is complete. */
  send(message: Message, headers?: Record<string, string>): Promise<Reply>;
  /** Sends a request without a body: DELETE ends the session, GET opens the stream for what the server says unasked. */
  ask(method: 'GET' | 'DELETE'): Promise<Reply>;
  close(): void;
}

const answerMilliseconds = 30_000;

export function converse(door: Door): Promise<Conversation> {
  return door.transport === 'sse' ? overSse(door) : Promise.resolve(overHttp(door));
}

function overHttp({ url, headers }: Door): Conversation {
  // What `initialize` gave, for the requests after it.
  const own: Record<string, string> = {};
  const request = async (method: string, message?: Message, more?: Record<string, string>): Promise<Reply> => {
    const ended = new AbortController();
    const answer = await fetch(url, {
      method,
      headers: { ...acceptedBy(method), ...headers, ...own, ...more },
      ...(message && { body: JSON.stringify(message) }),
      signal: AbortSignal.any([ended.signal, AbortSignal.timeout(answerMilliseconds)]),
    });
    const session = answer.headers.get('mcp-session-id');
    const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
    const reply = { status: answer.status, session: session !== null, ...denialOf(answer) };
    if (method === 'GET' && answer.ok) {
      ended.abort();
      return { ...reply, type, messages: [] };
    }
    const messages = type === 'text/event-stream' ? await eventsOf(answer, message?.id) : parsed(await answer.text());
    if (message?.method === 'initialize') {
      const version = protocolVersionOf(messages);
      Object.assign(own, session && { 'mcp-session-id': session }, version && { 'mcp-protocol-version': version });
    }
    // Of nothing, the media type says nothing.
    return { ...reply, type: messages.length > 0 ? type : '', messages };
  };
  return {
    send: (message, more) => request('POST', message, more),
    ask: (method) => request(method),
    close() {},
  };
}

function acceptedBy(method: string): Record<string, string> {
  // Servers close idle connections after some seconds: on a busy machine a request on one that is kept fails.
  const connection = 'close';
  if (method !== 'POST') return { connection, accept: 'text/event-stream' };
  return { connection, accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
}

function denialOf({ headers }: Response): Pick<Reply, 'denied'> {
  const denied = headers.get('x-deny-code');
  return denied === null ? {} : { denied };
}

function protocolVersionOf(messages: unknown[]): string | undefined {
  const [answer] = messages as { result?: { protocolVersion?: string } }[];
  return answer?.result?.protocolVersion;
}

function parsed(text: string): unknown[] {
  if (text === '') return [];
  try {
    return [JSON.parse(text)];
  } catch {
    return [text];
  }
}

function events(answer: Response) {
  if (!answer.body) throw new Error('the stream has no body');
  return answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
}

/** The messages of a stream, up to the answer to `id`. */
async function eventsOf(answer: Response, id: unknown): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { data } of events(answer)) {
    if (data === '') continue;
    const message = JSON.parse(data) as Message;
    found.push(message);
    if (message.id === id && !('method' in message)) break;
  }
  return found;
}

/** The transport of 2024-11-05: one stream for all answers, and an address for messages that its first event announces. */
async function overSse({ url, headers }: Door): Promise<Conversation> {
  const ended = new AbortController();
  const stream = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: ended.signal });
  if (!stream.ok) throw new Error(`${stream.status} ${await stream.text()}`);
  const waiting = new Map<unknown, (messages: unknown[]) => void>();
  const address = Promise.withResolvers<string>();
  let unasked: unknown[] = [];
  void (async () => {
    for await (const { event, data } of events(stream)) {
      if (event === 'endpoint') address.resolve(new URL(data, url).href);
      else {
        const message = JSON.parse(data) as Message;
        unasked.push(message);
        const take = waiting.get(message.id);
        if (!take || 'method' in message) continue;
        waiting.delete(message.id);
        take(unasked);
        unasked = [];
      }
    }
  })().catch((error) => address.reject(error));
  const target = await address.promise;
  const send = async (message: Message): Promise<Reply> => {
    const answered = new Promise<unknown[]>((resolve, reject) => {
      if (message.id === undefined) return resolve([]);
      waiting.set(message.id, resolve);
      setTimeout(() => reject(new Error('no answer on the stream')), answerMilliseconds).unref();
    });
    answered.catch(() => {});
    const posted = await fetch(target, {
      method: 'POST',
      headers: { connection: 'close', 'content-type': 'application/json', ...headers },
      body: JSON.stringify(message),
      signal: AbortSignal.timeout(answerMilliseconds),
    });
    const body = await posted.text();
    // A refusal is the answer to the POST, because the server never saw the message.
    const messages = /"(error|result)":/.test(body) ? parsed(body) : posted.ok ? await answered : parsed(body);
    return { status: posted.status, type: 'text/event-stream', session: false, messages, ...denialOf(posted) };
  };
  return { send, ask: async () => ({ status: 0, type: '', session: false, messages: [] }), close: () => ended.abort() };
}
