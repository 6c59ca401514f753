import type { Caller } from './callers.ts';
import type { Started } from './gates.ts';
import { startUpstream } from './stack.ts';
import type { Shot } from './wrk.ts';

/** The headers of each call. */
export const types = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

/** @param letters of an argument: 130 for a body of 300 bytes */
export function bodyOf(letters: number): string {
  const params = { name: 'current_time_by_timezone', arguments: { tz_name: 'Asia/Tokyo', note: 'x'.repeat(letters) } };
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
}

/** A call of the server `bench` by a gate of its own. */
export function behind({ port }: Started, who: Caller, letters: number): Shot {
  const headers = { ...who, ...types, Host: `localhost:${port}` };
  return { url: `http://127.0.0.1:${port}/bench/mcp`, headers, body: bodyOf(letters), pids: [] };
}

const answer = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"done"}]}}');

/** Starts a server that gives the same answer to each call. */
export function startCalled() {
  return startUpstream((req, res) => {
    req.resume().on('end', () => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer);
    });
  });
}
