import { host, port } from './values.ts';

/**
 * The MCP servers that come with the gateway: the title that each reports to its clients, and its default port. A new one
 * is a row here and a folder `servers/<name>/` with `main.ts`; docker-compose.yml, deploy/kubernetes and, but for the hub,
 * registry/servers.yml name it too (tests/unit/deploy/bundled-servers.test.ts).
 */
export const bundledServers = {
  currenttime: { title: 'Current Time', port: 8000 },
  fininfo: { title: 'Financial Information', port: 8001 },
  realserverfaketools: { title: 'Real Server, Fake Tools', port: 8002 },
  mcpgw: { title: 'MCP Gateway Registry', port: 8003 },
  hub: { title: 'All servers', port: 8004 },
} as const;

export type BundledServer = keyof typeof bundledServers;

export const bundledServerNames = Object.keys(bundledServers) as BundledServer[];

/** Those that stand in the registry like any other server. The hub has no entry: its addresses are `/mcp` and those of sets. */
export const registeredServerNames = bundledServerNames.filter((name) => name !== 'hub');

/** The settings that move a server: `MCPGW_HOST` and `MCPGW_PORT` for mcpgw. */
export const hostVariable = <N extends BundledServer>(name: N) => `${name.toUpperCase() as Uppercase<N>}_HOST` as const;
export const portVariable = <N extends BundledServer>(name: N) => `${name.toUpperCase() as Uppercase<N>}_PORT` as const;

type Addressed<S, P> = { schema: S; readBy: P; purpose: string };
type AddressSettings = {
  [N in BundledServer as ReturnType<typeof hostVariable<N>>]: Addressed<typeof host, readonly [N]>;
} & {
  [N in BundledServer as ReturnType<typeof portVariable<N>>]: Addressed<
    ReturnType<typeof port.default>,
    readonly [N, 'up']
  >;
};

/** Where each bundled server listens. */
export const bundledServerSettings = Object.fromEntries(
  bundledServerNames.flatMap((name) => [
    [hostVariable(name), { schema: host, readBy: [name], purpose: `the address that the server ${name} listens on` }],
    [
      portVariable(name),
      { schema: port.default(bundledServers[name].port), readBy: [name, 'up'], purpose: 'its port' },
    ],
  ]),
) as unknown as AddressSettings;
