import { type Agent, request } from 'node:http';
import type { Caller } from './callers.ts';
import type { BenchStack } from './stack.ts';
import type { Shot } from './wrk.ts';

type Headers = Record<string, string>;

/** The headers of each call. */
const types = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

/** The headers of a caller's requests. */
export function headersOf({ url }: BenchStack, who: Caller): Headers {
  return { ...types, ...who, Host: new URL(url).host };
}

/** Initializes a session of a caller with `headers` at `path`. @returns the headers that belong to it */
export async function openSession({ url }: BenchStack, path: string, headers: Headers): Promise<Headers> {
  const version = '2025-11-25';
  const send = (body: object, more = {}) =>
    fetch(`${url}${path}`, { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(body) });
  const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
  const opened = await send({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const id = opened.headers.get('mcp-session-id');
  const text = await opened.text();
  if (!opened.ok || id === null) throw new Error(`${path} opened no session: ${opened.status} ${text}`);
  const session = { 'Mcp-Session-Id': id, 'MCP-Protocol-Version': version };
  await (await send({ jsonrpc: '2.0', method: 'notifications/initialized' }, session)).text();
  return session;
}

/** One request. `fetch` would not send a Host of its own. */
export function ask({ url, headers, body }: Shot, agent?: Agent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const all = { ...headers, 'content-length': Buffer.byteLength(body) };
    const asked = request(url, { method: 'POST', agent, headers: all }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
