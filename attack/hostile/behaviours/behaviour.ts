import type { ServerResponse } from 'node:http';

/** A request as it reached the hostile server. */
export interface Heard {
  method: string;
  /** `/mcp`, `/sse` or `/messages`, without the query. */
  path: string;
  /** The JSON-RPC method; empty if there is none. */
  rpc: string;
  id: string | number | null;
  response: ServerResponse;
  /** The answers of this server's requests that are still open, the oldest first. */
  open: readonly Heard[];
}

/**
 * What the clients do while the server behaves like this.
 * `list`, `ping` and `prompts` are POSTs of the caller with few rights; `stream` and `sse` open its streams; `call` is a
 * call of the caller with many rights that may become a task; `tasks` lists that caller's tasks, `ownStream` and `ownSse`
 * open its streams; `connect` is the SDK, which falls back to the transport of 2024-11-05; `parallel` lists while a ping is
 * open; `check` is the registry's check; `logout` opens streams and ends their session.
 */
export type Use =
  | 'list'
  | 'ping'
  | 'prompts'
  | 'stream'
  | 'sse'
  | 'call'
  | 'tasks'
  | 'ownStream'
  | 'ownSse'
  | 'connect'
  | 'parallel'
  | 'check'
  | 'logout';

/** One way in which a server can be hostile. */
export interface Behaviour {
  /** What the server does. */
  name: string;
  uses: readonly Use[];
  /** Answers a request. Returning false answers it as an honest server would. */
  answer(heard: Heard): undefined | false;
  /** How long the clients wait, in milliseconds. */
  lasts?: number;
}

/** Behaviours of one kind. */
export interface Kind {
  name: string;
  /** What may not happen. */
  means: string;
  behaviours: readonly Behaviour[];
}

/** A tool that the caller with few rights may not use. */
export const stolenTool = 'stolen_tool';
/** The server to which no client of the hostile one may be led. */
export const victimName = 'attack-victim';

/** A JSON-RPC answer as text. */
export function result(value: unknown, id: Heard['id'] = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result: value });
}

/** An answer with a list of tools that the caller with few rights may not see. */
export function stolenList(id: Heard['id'] = 1): string {
  return result({ tools: [{ name: stolenTool, inputSchema: { type: 'object' } }] }, id);
}

/** One event of a stream. */
export function event(data: string, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${data}\n\n`;
}

/** Sends a complete answer. */
export function answer({ response }: Heard, contentType: string | undefined, body: string | Buffer, status = 200) {
  response.writeHead(status, contentType === undefined ? {} : { 'content-type': contentType });
  response.end(body);
}

/** Begins a stream and leaves it open. */
export function begin({ response }: Heard, ...events: (string | Buffer)[]): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  for (const each of events) response.write(each);
  return response;
}

/** Writes bytes in place of an HTTP answer. */
export function raw({ response }: Heard, ...pieces: (string | Buffer)[]): void {
  for (const piece of pieces) response.socket?.write(piece);
}

/** Answers requests only if `matches` says so. */
export function when(matches: (heard: Heard) => boolean, act: (heard: Heard) => unknown): Behaviour['answer'] {
  return (heard) => {
    if (!matches(heard)) return false;
    act(heard);
    return undefined;
  };
}

/** Everything but what opens a connection. */
export const anyRequest = ({ rpc, method }: Heard): boolean =>
  method !== 'DELETE' && rpc !== 'initialize' && !rpc.startsWith('notifications/');
export const isGet = ({ method }: Heard): boolean => method === 'GET';
export const isPost = ({ method }: Heard): boolean => method === 'POST';

const longest = 8_000;

/** Writes again and again, for as long as the client reads, up to some seconds. */
export function keepWriting(response: ServerResponse, next: (n: number) => string | Buffer, pause = 0): void {
  const until = performance.now() + longest;
  let n = 0;
  const go = () => {
    while (!response.destroyed && performance.now() < until) {
      const isFull = !response.write(next(n++));
      if (pause > 0) return void setTimeout(go, pause);
      if (isFull) return void response.once('drain', go);
    }
    if (!response.destroyed) response.destroy();
  };
  go();
}
