import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { jest } from '@jest/globals';

interface Outcome {
  answer: { result?: object; error?: { code: number } };
  status: number;
}
type Call = (call: object, text: string, with_: { signal: AbortSignal }) => Promise<Outcome>;
const file = join(import.meta.dirname, '../../../../../registry/pages/try/public/try-mcp.js');
const { callTool } = (await import(pathToFileURL(file).href)) as { callTool: Call };

const versions = { stateless: '2026-07-28', sessions: '2025-11-25' };
const error = (code: number, status = 200, headers = {}) => ({
  status,
  headers,
  body: { error: { code, message: 'no' } },
});
const done = { status: 200, headers: {}, body: { result: { content: [] } } };
const page = { status: 404, headers: {}, body: 'Not here' };
type Reply = { status: number; headers: Record<string, string>; body: object | string };

/** Calls a tool of a server that answers each method and era so. @returns the outcome, and what the server was asked */
async function call(era: string, replies: { initialize?: Reply; stateless?: Reply; inSession?: Reply }) {
  const asked: string[] = [];
  jest.spyOn(globalThis, 'fetch').mockImplementation(async (_url, { body, headers, method } = {}) => {
    if (method === 'DELETE') return new Response(null, { status: 204 });
    const { id, method: what } = JSON.parse(String(body)) as { id?: number; method: string };
    if (id === undefined) return new Response(null, { status: 202 });
    const isStateless = new Headers(headers).has('mcp-method');
    const name = what === 'initialize' ? 'initialize' : isStateless ? 'stateless' : 'inSession';
    asked.push(name);
    const reply = replies[name] ?? done;
    const text = typeof reply.body === 'string' ? reply.body : JSON.stringify({ jsonrpc: '2.0', id, ...reply.body });
    return new Response(text, {
      status: reply.status,
      headers: { 'content-type': 'application/json', ...reply.headers },
    });
  });
  const about = { url: 'http://localhost/x/mcp', tool: 'look', era, versions, paramHeaders: [] };
  const outcome = await callTool(about, '{}', { signal: new AbortController().signal }).catch(
    (thrown: Error) => thrown,
  );
  return { outcome, asked };
}
const initialized = { ...done, body: { result: { protocolVersion: '2025-11-25' } } };

test.each([
  ['has sessions now', 'stateless', { stateless: error(-32000, 400), initialize: initialized }],
  ['has sessions now, and finds none', 'stateless', { stateless: error(-32001, 404), initialize: initialized }],
  ['does not know the version any more', 'stateless', { stateless: error(-32022), initialize: initialized }],
  ['answers in its own way', 'stateless', { stateless: page, initialize: initialized }],
])('A server that %s is asked once more with a session', async (_what, era, replies) => {
  const { outcome, asked } = await call(era, replies);
  expect(outcome).toMatchObject({ answer: { result: { content: [] } } });
  expect(asked).toEqual(['stateless', 'initialize', 'inSession']);
});

test.each([
  ['knows no initialize any more', error(-32601)],
  ['refuses the version', error(-32022, 400)],
  ['has nothing for it', page],
])('A server that %s is asked once more without a session', async (_what, initialize) => {
  const { outcome, asked } = await call('sessions', { initialize });
  expect(outcome).toMatchObject({ answer: { result: { content: [] } } });
  expect(asked).toEqual(['initialize', 'stateless']);
});

test.each([
  ['the gateway refuses it', 'stateless', { stateless: error(-32600, 400, { 'x-deny-code': 'request_refused' }) }],
  [
    'the gateway refuses the step before it',
    'sessions',
    { initialize: error(-32003, 200, { 'x-deny-code': 'not_permitted' }) },
  ],
  ['the arguments are not valid', 'stateless', { stateless: error(-32602, 400) }],
  ['the tool fails', 'stateless', { stateless: error(-32603, 500) }],
  ['the session ends meanwhile', 'sessions', { initialize: initialized, inSession: error(-32001, 404) }],
])('A call is not made again if %s', async (_what, era, replies) => {
  const { outcome, asked } = await call(era, replies);
  expect(outcome).toMatchObject({ answer: { error: {} } });
  expect(new Set(asked).size).toBe(asked.length);
  expect(asked).not.toContain(era === 'stateless' ? 'initialize' : 'stateless');
});

test('A server that refuses both ways is shown with its answer to the first', async () => {
  const { outcome, asked } = await call('stateless', { stateless: error(-32600, 400), initialize: error(-32601) });
  expect(outcome).toMatchObject({ answer: { error: { code: -32600 } } });
  expect(asked).toEqual(['stateless', 'initialize']);
  const other = await call('sessions', { initialize: page, stateless: page });
  expect(other.outcome).toMatchObject({ message: 'The answer is not one of MCP (HTTP 404).' });
});
