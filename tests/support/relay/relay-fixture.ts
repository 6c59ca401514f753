import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createRemoteJWKSet } from 'jose';
import type { Accounts } from '../../../auth-server/accounts/accounts.ts';
import { HeldBytes } from '../../../common/answers/held-bytes.ts';
import { watchPolicy } from '../../../common/policy/policy-watch.ts';
import { createLog } from '../../../common/service/log.ts';
import { createAccountReports } from '../../../relay/callers/account-reports.ts';
import { createApprovedRounds } from '../../../relay/callers/approved-rounds.ts';
import { createIdentifyCaller } from '../../../relay/callers/caller.ts';
import { type LiveLimits, LiveStreams } from '../../../relay/callers/live-streams.ts';
import { followRevocations } from '../../../relay/callers/revocation-feed.ts';
import { createRights } from '../../../relay/callers/rights.ts';
import { createSessionOwners } from '../../../relay/callers/session-owners.ts';
import { createRelay } from '../../../relay/relay.ts';
import { answerLimits, relayMemory } from '../../../relay/upstream/limits.ts';
import { watchRoutes } from '../../../relay/upstream/routes.ts';
import { ServerShares } from '../../../relay/upstream/server-share.ts';
import { now, publicUrl, startAuthServer } from '../auth-server/auth-fixture.ts';
import { listen, until } from '../listen.ts';

/** The group `all` may do everything, `some` may do a part, and `none` may only list. */
export const policyText = `
group_mappings:
  all: [everything]
  some: [part]
  none: [lists]
everything:
  - { server: "*", methods: ["*"], tools: ["*"], prompts: ["*"], resources: ["*"] }
part:
  - server: "*"
    methods: [tools/*, prompts/*, resources/*, subscriptions/listen, tasks/*]
    tools: [get_*, echo]
    prompts: [hello]
    resources: ["file:///data/*", "x:exact"]
lists:
  - { server: "*", methods: [tools/list, prompts/list, resources/list, resources/templates/list] }
`;

export interface Shape {
  /** By default {@link policyText}. */
  policy: string;
  questionBurst: number;
  maxAnswer: number;
  quickMilliseconds: number;
  /** Milliseconds added to the time since the last answer of the auth-server. */
  moreSilence: () => number;
  limits: Partial<LiveLimits>;
  ca: string;
  /** The auth-server's address for the relay; by default that of the real one. */
  authServer: string;
  /** People's accounts at servers. */
  accounts: Accounts;
}

/** A request; by default a POST of `body` to `one/mcp`. */
export interface Asked {
  server?: string;
  endpoint?: 'mcp' | 'sse' | 'messages';
  method?: 'GET' | 'DELETE';
  body?: object;
  sessionId?: string;
  search?: string;
  /** What the gate says besides. */
  more?: Record<string, string>;
}

export const message = (method: string, params?: object) => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  ...(params && { params }),
});
export const stream: Asked = { method: 'GET' };
export const legacyStream: Asked = { method: 'GET', endpoint: 'sse' };
/** A call whose answer may be a task, in the form of either era. */
export const taskCall = (name = 'echo') => message('tools/call', { name, task: {} });
export const modernTaskCall = (name = 'echo') => {
  const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
  return message('tools/call', { name, _meta: { 'io.modelcontextprotocol/clientCapabilities': capabilities } });
};

/** The relay as in main.ts, a real auth-server, and a routes file and a policy file that a test can change. */
export async function startRelay(change: Partial<Shape> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'relay-'));
  const files = { policy: join(folder, 'scopes.yml'), routes: join(folder, 'routes') };
  const replace = (file: keyof typeof files, text: string) => {
    writeFileSync(`${files[file]}.new`, text);
    renameSync(`${files[file]}.new`, files[file]);
  };
  replace('policy', change.policy ?? policyText);
  replace('routes', '');
  const auth = await startAuthServer('http://127.0.0.1:1', {
    policyText: change.policy ?? policyText,
    ...(change.accounts && { accounts: change.accounts }),
  });
  const lines: string[] = [];
  const log = createLog('relay', 'debug', { write: (line) => void lines.push(line) });
  const authServer = change.authServer ?? auth.url;
  const policy = watchPolicy(files.policy, log);
  const routes = watchRoutes(files.routes, change.ca, log, 50);
  const rights = createRights(policy.current);
  const silence = () => revocations.silence() + (change.moreSilence?.() ?? 0);
  const streams = new LiveStreams(
    { mayContinue: rights.mayContinue, viewer: rights.viewer, routeOf: routes.of, silence },
    change.limits,
  );
  const revocations = followRevocations(authServer, streams, log);
  policy.onChange(() => streams.tick());
  routes.onChange(() => streams.tick());
  const timer = setInterval(() => streams.tick(), 250);
  const server = createServer(
    createRelay({
      identify: createIdentifyCaller(createRemoteJWKSet(new URL('/.well-known/jwks.json', auth.url)), publicUrl),
      rights,
      owners: createSessionOwners(authServer),
      reports: createAccountReports(authServer),
      rounds: createApprovedRounds(authServer),
      routes,
      streams,
      limits: answerLimits(change.maxAnswer ?? 8_388_608),
      held: new HeldBytes(relayMemory.held),
      shares: new ServerShares(change.questionBurst),
      quickMilliseconds: change.quickMilliseconds ?? 30_000,
      log,
    }),
  );
  const { port, close: closeServer } = await listen(server);
  const agent = new Agent({ keepAlive: true });
  const routeLines = new Map<string, string>();
  const upstreams: { close: () => Promise<void> }[] = [];

  const relay = {
    auth,
    lines,
    streams,
    log: () => lines.join(''),
    /** The log lines with this reason. */
    logged: (reason: string) => lines.filter((line) => line.includes(`"reason":"${reason}"`)),
    changePolicy: (text: string) => replace('policy', text),
    /** Adds, changes or removes the route of a server. */
    async route(name: string, line: string | undefined) {
      if (line === undefined) routeLines.delete(name);
      else routeLines.set(name, `${name} ${line}`);
      replace('routes', [...routeLines.values()].map((text) => `${text}\n`).join(''));
      await until(() => (line === undefined ? !routes.of(name) : routes.of(name)?.line === `${name} ${line}`));
    },
    /** Routes a name to an upstream, and closes it with the relay. */
    async lead<T extends { port: number; close: () => Promise<void> }>(upstream: T, name = 'one'): Promise<T> {
      upstreams.push(upstream);
      await relay.route(name, `http 127.0.0.1:${upstream.port} 127.0.0.1:${upstream.port} /mcp /sse -`);
      return upstream;
    },
    /** A session cookie of a person in `group`. */
    person: (sub: string, group: 'all' | 'some' | 'none', more: { sid?: string; exp?: number } = {}) =>
      auth.session({ sub, username: sub, groups: [group], exp: now() + 3600, ...more }),
    /** The answer of the gate: 200 with the headers for the relay, or a denial. */
    async admit(
      cookie: string,
      { server: name = 'one', endpoint = 'mcp', method, body, sessionId, search = '', more }: Asked,
    ) {
      const headers = {
        cookie,
        'X-Mcp-Server': name,
        'X-Mcp-Endpoint': endpoint,
        'X-Original-Method': method ?? 'POST',
        'X-Original-URI': `/${name}/${endpoint}${search}`,
        'Mcp-Session-Id': sessionId ?? null,
        ...more,
      };
      const answer = await auth.validate(headers, method ? '' : body);
      const ticket = answer.headers.get('x-relay');
      const assertion = answer.headers.get('x-mcp-assertion');
      const authorization = answer.headers.get('x-upstream-authorization');
      return {
        status: Number(answer.headers.get('x-deny-status') ?? answer.status),
        headers: {
          ...(ticket && { 'x-relay': ticket }),
          ...(assertion && { 'x-mcp-assertion': assertion }),
          ...(authorization && { authorization }),
        },
      };
    },
    /** Sends a request as nginx does, with any headers, and returns when the answer begins. */
    send(headers: OutgoingHttpHeaders, asked: Asked = {}): Promise<IncomingMessage> {
      const { server: name = 'one', endpoint = 'mcp', method, body, sessionId, search = '' } = asked;
      const sent = method ? undefined : JSON.stringify(body ?? message('tools/list'));
      const all = {
        ...headers,
        ...(sent !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }),
        ...(sessionId !== undefined && { 'mcp-session-id': sessionId }),
      };
      const path = `/${name}/${endpoint}${search}`;
      return new Promise((resolve, reject) => {
        const out = httpRequest({ host: '127.0.0.1', port, path, method: method ?? 'POST', headers: all, agent });
        out.once('response', resolve).once('error', reject).end(sent);
      });
    },
    /** Sends a request to `one/mcp` as it is. */
    sendRaw(method: string, body: Buffer, headers: OutgoingHttpHeaders): Promise<IncomingMessage> {
      const length = body.length > 0 ? { 'content-length': body.length } : {};
      return new Promise((resolve, reject) => {
        const to = { host: '127.0.0.1', port, path: '/one/mcp', method, headers: { ...headers, ...length }, agent };
        httpRequest(to).once('response', resolve).once('error', reject).end(body);
      });
    },
    /** Closes every connection of every client. */
    hangUp: () => agent.destroy(),
    /** Sends a request to the gate, then to the relay. */
    async ask(cookie: string, asked: Asked): Promise<IncomingMessage> {
      const { status, headers } = await relay.admit(cookie, asked);
      if (!headers['x-relay']) throw new Error(`the gate answered ${status} without a ticket`);
      return await relay.send(headers, asked);
    },
    /** Sends a request, and reads the answer to its end. */
    async read(cookie: string, asked: Asked) {
      const answer = await relay.ask(cookie, asked);
      return { status: answer.statusCode, headers: answer.headers, text: await textOf(answer) };
    },
    async close() {
      clearInterval(timer);
      policy.stop();
      routes.stop();
      revocations.stop();
      agent.destroy();
      await closeServer();
      for (const upstream of upstreams) await upstream.close();
      await auth.close();
      rmSync(folder, { recursive: true });
    },
  };
  return relay;
}

export type Relay = Awaited<ReturnType<typeof startRelay>>;

export { until };
export const sleep = (milliseconds: number) => setTimeout(milliseconds);

/** Reads an answer to its end; an answer that was cut ends with `<cut>`. */
export async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  answer.setEncoding('utf8');
  try {
    for await (const part of answer) text += part;
  } catch {
    return `${text}<cut>`;
  }
  return text;
}

/** Collects the text so far of an answer that does not end. */
export function follow(answer: IncomingMessage) {
  const state = { text: '', ended: false, cut: false };
  answer.setEncoding('utf8');
  answer.on('data', (part: string) => {
    state.text += part;
  });
  answer.once('end', () => {
    state.ended = true;
  });
  answer.once('error', () => {
    state.cut = true;
  });
  return state;
}

export interface Received {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

/** An MCP server made of one function. It records its requests and counts aborted answers. */
export async function startUpstream(answer: (response: ServerResponse, received: Received) => void) {
  const requests: Received[] = [];
  const state = { gone: 0 };
  const server = createServer(async (request, response) => {
    response.once('close', () => response.writableFinished || state.gone++);
    const parts: string[] = [];
    for await (const part of request.setEncoding('utf8')) parts.push(part as string);
    const received = { method: request.method, url: request.url, headers: request.headers, body: parts.join('') };
    requests.push(received);
    answer(response, received);
  });
  return {
    ...(await listen(server)),
    requests,
    /** Number of answers that the other side aborted. */
    gone: () => state.gone,
  };
}

/** A server that writes raw bytes. `nth` counts the requests of all connections, from 1. */
export async function startRawUpstream(answer: (socket: Socket, nth: number, request: string) => void) {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    let begun = '';
    socket.on('data', (bytes) => {
      begun += bytes.toString('latin1');
      const head = begun.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(begun)?.[1] ?? 0);
      if (head === -1 || begun.length < head + 4 + length) return;
      requests.push(begun);
      begun = '';
      answer(socket, requests.length, requests.at(-1) ?? '');
    });
  });
  const { port, close } = await listen(server);
  return {
    port,
    requests,
    open: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      await close();
    },
  };
}

export const json = (response: ServerResponse, body: unknown, headers: OutgoingHttpHeaders = {}) =>
  void response
    .writeHead(200, { 'content-type': 'application/json', ...headers })
    .end(typeof body === 'string' ? body : JSON.stringify(body));

export const sse = (response: ServerResponse, ...events: string[]) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  for (const event of events) response.write(event);
  return response;
};

export const result = (value: object) => ({ jsonrpc: '2.0', id: 1, result: value });
export const tools = (...names: string[]) =>
  result({ tools: names.map((name) => ({ name, inputSchema: { required: [] } })) });
