import { execFileSync } from 'node:child_process';
import type { Gateway } from '../support/gateway/gateway.ts';
import { rpc, type Sent, send } from '../support/gateway/send.ts';
import type { Kind } from './load.ts';

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
type Who = Record<string, string>;

/** The requests of the load, and the headers of two callers who may open streams through the relay. */
export interface Callers {
  kinds: Kind[];
  agent: Who;
  person: Who;
}

/** The load during every fault: each kind of caller who must be allowed, and each kind who must be denied. */
export async function callersOf(gateway: Gateway, env: NodeJS.ProcessEnv): Promise<Callers> {
  const token = await gateway.agentToken();
  const agent = { ...json, authorization: `Bearer ${token}` };
  const reader = { ...json, authorization: `Bearer ${await gateway.agentToken('reader')}` };
  const forged = { ...json, authorization: `Bearer ${token.slice(0, -6)}AAAAAA` };
  const left = { ...json, cookie: await gateway.sessionCookie('dave') };
  endSessionsOf('dave', gateway, env);
  const person = { ...json, cookie: await gateway.sessionCookie('alice') };
  const session = { 'mcp-session-id': await initialize(gateway, agent) };

  const call = (headers: Who, server = 'echo', name = 'look'): Sent => ({
    path: `/${server}/mcp`,
    headers,
    body: rpc('tools/call', { name }),
  });
  const servers = (headers: Who): Sent => ({ method: 'GET', path: '/api/servers', headers });
  const list: Sent = { path: '/currenttime/mcp', headers: reader, body: rpc('tools/list') };
  const kind = (name: string, request: Sent, due: string): Kind => ({ name, request, due });
  const kinds = [
    kind('a person calls a tool', call(person), '200'),
    kind('an agent calls a tool', call(agent), '200'),
    kind('an agent calls a tool within its MCP session', call({ ...agent, ...session }), '200'),
    kind('an agent lists tools through the relay', list, '200'),
    kind('a person asks the registry', servers(person), '200'),
    kind('an agent calls a tool that it may not call', call(reader, 'echo', forbidden), '200 not_permitted'),
    kind('an agent calls a tool that it may only list', call(reader, 'currenttime', forbidden), '403 not_permitted'),
    kind(
      "a person uses an agent's MCP session",
      call({ ...person, ...session }, 'echo', forbidden),
      '404 session_unknown',
    ),
    kind('a person whose session was revoked', call(left, 'echo', forbidden), '401 session_ended'),
    kind('a forged token', call(forged, 'echo', forbidden), '401 token_invalid'),
    kind('a call without credentials', call(json, 'echo', forbidden), '401 credentials_missing'),
    kind('a request without credentials to the registry', servers(json), '401 credentials_missing'),
  ];
  return { kinds, agent, person };
}

/** A tool that only denied callers call. A call of it must never reach a server. */
export const forbidden = 'must-never-arrive';

function endSessionsOf(user: string, { dataDir }: Gateway, env: NodeJS.ProcessEnv): void {
  const command = ['--disable-warning=ExperimentalWarning', 'operations/revoke/main.ts', '--user', user];
  execFileSync(process.execPath, command, { env: { ...process.env, DATA_DIR: dataDir, ...env }, stdio: 'pipe' });
}

/** Opens an MCP session at the echo. The gateway records the agent as the session owner. */
async function initialize({ ports, echo }: Gateway, headers: Who): Promise<string> {
  const id = `session-${Math.random().toString(36).slice(2)}`;
  const before = echo.answer;
  echo.answer = (res) =>
    res
      .writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': id })
      .end('{"jsonrpc":"2.0","id":1,"result":{}}');
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'faults', version: '1' } };
  const answer = await send(ports.gateway, { path: '/echo/mcp', headers, body: rpc('initialize', params) });
  echo.answer = before;
  if (answer.status !== 200) throw new Error(`no MCP session: ${answer.status} ${answer.body}`);
  return id;
}
