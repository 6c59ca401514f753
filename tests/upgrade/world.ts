import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { fetchAgentToken } from '../../agents/token/token.ts';
import { createCognito } from '../../stand-in/app.ts';
import { loadKeys } from '../../stand-in/pool/keys.ts';
import { addGateways, readSeed } from '../../stand-in/pool/seed.ts';
import { agents } from '../support/gateway/gateway.ts';
import { listen } from '../support/listen.ts';
import { signIn } from '../support/stand-in/hosted-login.ts';

/** What stays while gateways come and go: the user pool, an MCP server, the files of the operator and the load balancer. */
export interface World {
  /** The public address of the gateway. A front leads from there to one gateway. */
  url: string;
  /** Leads the front to nginx at this port. It leads to the first gateway by itself. */
  leadTo(port: number): void;
  /** nginx's port, to which the front leads; 0 before there is one. */
  ledTo(): number;
  /** A folder for data, which is removed at the end. */
  folder: string;
  standInPort: number;
  secretKey: string;
  scopesFile: string;
  serversFile: string;
  /** The MCP server `weather`, whose tools a test changes. */
  weather: { url: string; tools: object[]; calls: { session: string | undefined; user: string | undefined }[] };
  /** Signs a person in at the gateway to which the front leads. @returns the value of a Cookie header */
  signIn(person: string): Promise<string>;
  /** The value of the Authorization header of the demo agent. */
  agentBearer(): Promise<string>;
  stop(): Promise<void>;
}

/** A tool that reads the weather. */
export const forecast = (description: string) => ({
  ...{ name: 'forecast', description, annotations: { readOnlyHint: true } },
  inputSchema: { type: 'object', properties: { city: { type: 'string' } } },
});

/** @param policy the text of the policy file */
export async function makeWorld(policy: string): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'upgrade-'));
  const [scopesFile, serversFile] = [join(folder, 'scopes.yml'), join(folder, 'servers.yml')];
  writeFileSync(scopesFile, policy);
  const weather: World['weather'] = { url: '', tools: [forecast('The weather of a city.')], calls: [] };
  const upstream = await startWeather(weather);
  weather.url = `http://127.0.0.1:${upstream.port}`;
  const first = {
    name: 'weather',
    title: 'Weather',
    description: 'The weather.',
    upstream: weather.url,
    tags: ['sky'],
  };
  writeFileSync(serversFile, JSON.stringify([{ ...first, transports: { 'streamable-http': '/mcp' } }]));
  const front = await startFront();
  const url = `http://localhost:${front.port}`;
  const pool = await startPool(url);
  return {
    ...{
      url,
      folder,
      scopesFile,
      serversFile,
      weather,
      standInPort: pool.port,
      leadTo: front.leadTo,
      ledTo: front.ledTo,
    },
    secretKey: 'b7Qm2ZxK9vRt4Lp8Wn3Yc6Hs1Dg5Fj0TaUe',
    signIn: (person) => signIn(url, person),
    async agentBearer() {
      const [COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET] = agents.agent;
      const COGNITO_LOCAL_ENDPOINT = `http://127.0.0.1:${pool.port}`;
      const COGNITO_USER_POOL_ID = 'us-east-1_LocalPool';
      const all = { COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET, COGNITO_LOCAL_ENDPOINT, COGNITO_USER_POOL_ID };
      return `Bearer ${await fetchAgentToken(all)}`;
    },
    async stop() {
      await Promise.all([upstream, front, pool].map(({ close }) => close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startPool(gatewayUrl: string) {
  const server = createServer();
  const { port, close } = await listen(server);
  const seed = addGateways(readSeed('stand-in/seed.yml'), [gatewayUrl]);
  const { app } = createCognito({ seed, keys: await loadKeys(), publicUrl: `http://localhost:${port}` });
  server.on('request', app);
  return { port, close };
}

/** An MCP server with sessions. */
function startWeather(weather: World['weather']) {
  let sessions = 0;
  return listen(async (req, res) => {
    if (req.method !== 'POST') return void res.writeHead(405).end();
    const { id, method } = (await json(req)) as { id?: number; method: string };
    if (id === undefined) return void res.writeHead(202).end();
    const session = req.headers['mcp-session-id']?.toString();
    if (method === 'tools/call') weather.calls.push({ session, user: req.headers['x-username']?.toString() });
    const hello = {
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'weather', version: '1' },
    };
    const answers: Record<string, object> = {
      ...{ initialize: hello, 'tools/list': { tools: weather.tools } },
      'tools/call': { content: [{ type: 'text', text: 'sunny' }] },
    };
    const result = answers[method];
    const said = result ? { result } : { error: { code: -32601, message: 'no such method' } };
    const opened = method === 'initialize' ? { 'mcp-session-id': `weather-${++sessions}-${process.pid}` } : {};
    res.writeHead(200, { 'content-type': 'application/json', ...opened });
    res.end(JSON.stringify({ jsonrpc: '2.0', id, ...said }));
  });
}

/** A load balancer that leads each connection to one port. */
async function startFront() {
  let to = 0;
  const open = new Set<Socket>();
  const server = createTcpServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    for (const [from, into] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from
        .on('error', () => undefined)
        .on('close', () => {
          open.delete(from);
          into.destroy();
        });
      from.pipe(into);
    }
  });
  const drop = () => {
    for (const socket of open) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    ledTo: () => to,
    leadTo(port: number) {
      to = port;
      drop();
    },
    async close() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
