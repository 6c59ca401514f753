import { join } from 'node:path';
import { type BundledServer, bundledServerNames, portVariable } from '../common/settings/bundled-servers.ts';
import { settings } from '../common/settings/table.ts';
import { home, isPackage, root } from '../common/settings/values.ts';

function ofBundled<T>(make: (name: BundledServer) => T): Record<BundledServer, T> {
  return Object.fromEntries(bundledServerNames.map((name) => [name, make(name)])) as Record<BundledServer, T>;
}

/** The setting of each program's port. The gateway's is a URL; people and agents use only that. */
export const portVariables = {
  gateway: 'REGISTRY_URL',
  authServer: 'AUTH_SERVER_PORT',
  metrics: 'METRICS_PORT',
  registryMetrics: 'REGISTRY_METRICS_PORT',
  relayMetrics: 'RELAY_METRICS_PORT',
  registry: 'REGISTRY_PORT',
  relay: 'RELAY_PORT',
  brokerGate: 'BROKER_GATE_PORT',
  cognito: 'COGNITO_PORT',
  ...ofBundled(portVariable),
} as const;

export type Ports = Record<keyof typeof portVariables, number>;

export const portNames = Object.keys(portVariables) as (keyof Ports)[];

export const defaultPorts = Object.fromEntries(
  portNames.map((name) => {
    const value = settings[portVariables[name]].schema.parse(undefined);
    return [name, Number(name === 'gateway' ? new URL(String(value)).port : value)];
  }),
) as Ports;

/** A program to run: command, environment and health URL. */
export interface ServiceSpec {
  name: string;
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  port: number;
  healthUrl: string;
}

/** The settings of a stack. */
export interface StackSettings {
  ports: Ports;
  dataDir: string;
  /** Settings as in `.env`. */
  env: NodeJS.ProcessEnv;
  /** Whether logins and tokens come from the local stand-in of Cognito. */
  standIn: boolean;
  /** Where nginx asks the auth-server; undefined: at its port. */
  socket?: string | undefined;
}

/** Where nginx writes, and the auth-server reads, a line about each allowed MCP request. @param folder of nginx's files */
export function callsFile(folder: string): string {
  return join(folder, 'calls.log');
}

/** Less room for garbage than Node gives it: docs/adr/0036. The Dockerfile has the same. */
export const nodeFlags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8'];

/** The same for old objects: V8 lets less garbage wait, the less it may have in all (MB). A container's memory does so there. */
const heapFlag = '--max-old-space-size=1024';

/** The Node programs of a stack, in the order in which they are shown. */
export function nodeServices({ ports, dataDir, env, standIn, socket }: StackSettings): ServiceSpec[] {
  const common = {
    // Node's compile cache halves the time of the next start.
    NODE_COMPILE_CACHE: isPackage ? join(home, 'cache') : join(root, 'node_modules', '.cache', 'node'),
    APPROVED_TOOLS_FILE: join(dataDir, 'approved-tools.json'),
    ...env,
  };
  const at = (port: number) => `http://127.0.0.1:${port}`;
  const service = (name: string, folder: string, port: keyof Ports, own: NodeJS.ProcessEnv = {}): ServiceSpec => ({
    name,
    command: process.execPath,
    args: [...nodeFlags, heapFlag, join(root, folder, isPackage ? 'main.js' : 'main.ts')],
    env: { ...common, [portVariables[port]]: String(ports[port]), ...own },
    port: ports[port],
    healthUrl: `${at(ports[port])}/health`,
  });
  const cognito = service('cognito', 'stand-in', 'cognito', {
    COGNITO_KEYS_FILE: join(dataDir, 'cognito-keys.json'),
    COGNITO_EXTRA_GATEWAY_URLS: env.REGISTRY_URL,
  });
  const relay = service('relay', 'relay', 'relay', {
    RELAY_METRICS_PORT: String(ports.relayMetrics),
    AUTH_SERVER_INTERNAL_URL: at(ports.authServer),
    ROUTES_DIR: join(dataDir, 'nginx'),
    HUB_INTERNAL_URL: at(ports.hub),
    MCPGW_INTERNAL_URL: at(ports.mcpgw),
  });
  // The relay starts before the registry has written the routes, and can send no request anywhere until it has read them.
  relay.healthUrl += '/ready';
  // How many streams it takes follows from the memory of the machine (relay/upstream/limits.ts).
  relay.args = relay.args.filter((each) => each !== heapFlag);
  return [
    ...(standIn ? [cognito] : []),
    service('auth-server', 'auth-server', 'authServer', {
      METRICS_PORT: String(ports.metrics),
      AUTH_SERVER_SOCKET: socket ?? '',
      // One person on a laptop does not need a second process.
      AUTH_SERVER_WORKERS: env.AUTH_SERVER_WORKERS || '1',
      REGISTRY_INTERNAL_URL: at(ports.registry),
      RELAY_INTERNAL_URL: at(ports.relay),
      COGNITO_LOCAL_ENDPOINT: at(ports.cognito),
      DATA_DIR: dataDir,
      CALLS_FILE: callsFile(join(dataDir, 'nginx')),
      OWN_PORTS: ownPorts(ports).join(','),
    }),
    service('registry', 'registry', 'registry', {
      AUTH_SERVER_INTERNAL_URL: at(ports.authServer),
      DATA_DIR: dataDir,
      ROUTES_DIR: join(dataDir, 'nginx'),
      REGISTRY_METRICS_PORT: String(ports.registryMetrics),
      OWN_PORTS: ownPorts(ports).join(','),
    }),
    relay,
    ...bundledServerNames.map((name) =>
      service(name, `servers/${name}`, name, {
        REGISTRY_INTERNAL_URL: at(ports.registry),
        BROKER_GATE_URL: at(ports.brokerGate),
      }),
    ),
  ];
}

/** Ports at which no MCP server may be registered: it would bypass the gate, or expose internal services. */
function ownPorts(ports: Ports): number[] {
  const { gateway, brokerGate, authServer, metrics, registryMetrics, relayMetrics, registry, relay, hub, cognito } =
    ports;
  return [gateway, brokerGate, authServer, metrics, registryMetrics, relayMetrics, registry, relay, hub, cognito];
}
