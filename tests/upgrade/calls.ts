import type { Answer } from '../support/gateway/send.ts';
import type { ReleasedGateway } from './gateway.ts';

/** Who calls: the headers of a session or of a token. */
export type Caller = Record<string, string>;

const params = { name: 'forecast', arguments: { city: 'Oslo' } };

/** Sends an MCP request to a server. */
export function rpcTo(
  gateway: ReleasedGateway,
  server: string,
  caller: Caller,
  method: string,
  given: object = params,
) {
  const json = { jsonrpc: '2.0', id: 1, method, params: given };
  const headers = { accept: 'application/json, text/event-stream', ...caller };
  return gateway.ask(`/${server}/mcp`, { json, headers });
}

/** Calls the tool. @returns `sunny`, or why not: a code of the gateway, or a status */
export async function call(gateway: ReleasedGateway, caller: Caller, server = 'weather'): Promise<string> {
  const answer = await rpcTo(gateway, server, caller, 'tools/call');
  if (answer.body.includes('"sunny"')) return 'sunny';
  return /"reason":"([a-z_]+)"/.exec(answer.body)?.[1] ?? String(answer.status);
}

/** Begins an MCP session. @returns the headers of its requests */
export async function openSession(gateway: ReleasedGateway, caller: Caller): Promise<Caller> {
  const clientInfo = { name: 'a client', version: '1' };
  const given = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo };
  const answer = await rpcTo(gateway, 'weather', caller, 'initialize', given);
  const id = answer.headers['mcp-session-id'];
  if (typeof id !== 'string') throw new Error(`no MCP session: ${answer.status} ${answer.body}`);
  return { ...caller, 'mcp-session-id': id };
}

/** The JSON of a request that must work. */
export async function read<T>(
  gateway: ReleasedGateway,
  path: string,
  caller: Caller,
  init: { method?: string; json?: unknown } = {},
): Promise<T> {
  const answer: Answer = await gateway.ask(path, { ...init, headers: { accept: 'application/json', ...caller } });
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body) as T;
}

/** Registers a server as this person. */
export const register = (gateway: ReleasedGateway, caller: Caller, name: string, upstream: string) =>
  read(gateway, '/api/servers', caller, {
    json: { name, title: name, description: 'It rains', upstream, transports: { 'streamable-http': '/mcp' }, tags: [] },
  });

/** Whether a caller is known: the status of what they are told about themselves. */
export const known = async (gateway: ReleasedGateway, caller: Caller) =>
  (await gateway.ask('/api/me', { headers: caller })).status;
