import { decodeJwt } from 'jose';
import { rpc, type Sent } from './send.ts';

/** A call that nginx sends directly to the server, unless some list of the server is filtered for the caller. */
export const called: Partial<Sent> = { body: rpc('tools/call', { name: 'echo', arguments: {} }) };

/** One request of each kind that must go through the relay, for a caller who may not use everything. */
export const relayed: [string, Partial<Sent>][] = [
  ['initialize', { body: rpc('initialize', {}) }],
  ['tools/list', { body: rpc('tools/list') }],
  ['resources/list', { body: rpc('resources/list') }],
  ['tasks/list', { body: rpc('tasks/list') }],
  ['a ping', { body: rpc('ping') }],
  ['a call', { body: rpc('tools/call', { name: 'echo', arguments: {} }) }],
  ['a prompt', { body: rpc('prompts/get', { name: 'simple-prompt' }) }],
  ['a call that may become a task', { body: rpc('tools/call', { name: 'echo', task: {} }) }],
  ['subscriptions/listen', { body: rpc('subscriptions/listen', {}) }],
  ['the GET stream', { method: 'GET' }],
  ['a legacy stream', { method: 'GET', path: '/echosse/sse' }],
];

/**
 * Sends a request to the auth-server as nginx does, for a caller who initializes at the server `echo`.
 * @returns the ticket that only nginx gets to see
 */
export async function ticketOf(authServerPort: number, authorization: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${authServerPort}/validate`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization,
      'x-resource': 'mcp',
      'x-mcp-server': 'echo',
      'x-mcp-endpoint': 'mcp',
      'x-mcp-routed': '1',
      'x-original-method': 'POST',
      'x-original-uri': '/echo/mcp',
    },
    body: rpc('initialize', {}),
  });
  return answer.headers.get('x-relay') ?? '';
}

/** Every JWT in a text that has the relay as its audience. */
export function tickets(text: string): string[] {
  const tokens = text.match(/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/g) ?? [];
  return tokens.filter((token) => String(decodeJwt(token).aud).endsWith('#relay'));
}
