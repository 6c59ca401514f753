import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { fetchAgentToken } from '../agents/token/token.ts';
import { isPortTaken } from '../common/network/port-in-use.ts';
import { defaultPorts, type Ports } from '../launch/services.ts';
import { gateSocket } from '../launch/socket.ts';
import { startStack } from '../launch/stack.ts';
import { Supervisor } from '../launch/supervisor.ts';

/** The stand-in's two agents: one that may do everything, one with the scope `mcp-servers-restricted/read`. */
const agents = {
  full: ['3agentclient000000000000000', 'agentsecretagentsecretagentsecretagentsecret0000000'],
  reader: ['4readeragent0000000000000', 'readersecretreadersecretreadersecretreadersecret000'],
} as const;

/** A whole gateway to measure, with its own ports. */
export type BenchStack = Awaited<ReturnType<typeof startBenchStack>>;

/**
 * Starts the gateway with default settings and one MCP server named `bench`.
 * @param upstream its origin
 * @param scopes the policy, as YAML
 * @param more names of further servers at the same origin, and entries as in `servers.yml`
 * @param change settings to override
 */
export async function startBenchStack(
  upstream: string,
  scopes: string,
  more: readonly (string | object)[] = [],
  change: NodeJS.ProcessEnv = {},
) {
  const root = join(import.meta.dirname, '..');
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-'));
  const ports = await freePorts();
  const servers = ['bench', ...more].map((one) => (typeof one === 'string' ? entryOf(one, upstream) : one));
  writeFileSync(join(dataDir, 'servers.yml'), JSON.stringify(servers));
  writeFileSync(join(dataDir, 'scopes.yml'), scopes);
  const env: NodeJS.ProcessEnv = {
    ...parseEnv(readFileSync(join(root, '.env.example'), 'utf8')),
    REGISTRY_URL: `http://localhost:${ports.gateway}`,
    SERVERS_FILE: join(dataDir, 'servers.yml'),
    SCOPES_FILE: join(dataDir, 'scopes.yml'),
    ...change,
  };
  const supervisor = new Supervisor(() => undefined);
  await startStack({ ports, dataDir, env, socket: gateSocket(ports.authServer), supervisor });
  /** Its settings, as in `.env`, with the generated key. */
  const own: NodeJS.ProcessEnv & { SECRET_KEY: string } = {
    ...env,
    SECRET_KEY: readFileSync(join(dataDir, 'secret-key'), 'utf8'),
  };
  return {
    url: `http://localhost:${ports.gateway}`,
    ports,
    dataDir,
    env: own,
    token: (which: keyof typeof agents) =>
      fetchAgentToken({
        ...env,
        COGNITO_CLIENT_ID: agents[which][0],
        COGNITO_CLIENT_SECRET: agents[which][1],
        COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${ports.cognito}`,
      }),
    supervisor,
    async stop() {
      await supervisor.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A server as in `servers.yml`. */
export function entryOf(name: string, upstream: string): object {
  const transports = { 'streamable-http': '/mcp' };
  return { name, title: name, description: name, upstream, transports, tags: [] };
}

/** Starts the MCP server to measure with, on a free port. */
export async function startUpstream(listener: RequestListener): Promise<{ origin: string; close(): void }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  server.keepAliveTimeout = 75_000;
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Below the range from which the kernel takes ports for outgoing connections, and elsewhere than another bench on this machine. */
export async function freePorts(): Promise<Ports> {
  let next = 22_000 + 20 * randomInt(45);
  const free: [string, number][] = [];
  for (const name of Object.keys(defaultPorts)) {
    while (await isPortTaken(next)) next++;
    free.push([name, next++]);
  }
  return Object.fromEntries(free) as unknown as Ports;
}
