import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { urlToHttpOptions } from 'node:url';
import { type Found, reasonOf, watchFile } from '../../common/files/watched-file.ts';
import type { BrokerName } from '../../common/identity/broker.ts';
import { pinnedLookup } from '../../common/network/pinned-lookup.ts';
import type { Logger } from '../../common/service/log.ts';
import { serverAddress } from '../../common/upstream-secrets/server-address.ts';
import type { Endpoint } from '../../policy/request/mcp-request.ts';

/** How to reach a server. */
export interface Route {
  /** Its line in the routes file. */
  line: string;
  /** The line without name and addresses: the addresses of a host may change while the server stays the same. */
  server: string;
  origin: string;
  /** The whole address, for which people gave their tokens. */
  address: string;
  /** If the server wants each person's own account: the entry in the operator's file. */
  account: string | undefined;
  /** The origin, as Node's `request` wants it. */
  at: Pick<RequestOptions, 'protocol' | 'hostname' | 'port' | 'servername'>;
  /** The Host header. */
  host: string;
  paths: Readonly<Partial<Record<Endpoint, string>>>;
  /** Headers of the gateway's credential besides `authorization` and `x-api-key`, in lower case. */
  credentialHeaders: readonly string[];
  /** Keeps connections alive, to the vetted addresses only. */
  agent: HttpAgent | HttpsAgent;
  /** As `agent`, but only with connections that were used a moment ago: for requests that must not be sent twice. */
  callAgent: HttpAgent | HttpsAgent;
  /** Opens a new connection for each request. */
  freshAgent: HttpAgent | HttpsAgent;
}

/** The last two are missing if the server gets no headers of its own, which nginx forwards, and no other Host. */
const fields = { least: 7, most: 9 };
/** Index of the headers after name, scheme, host and addresses. */
const beforeHeaders = 3;

/** The servers that the registry routes now. */
export type Routes = ReturnType<typeof watchRoutes>;

/**
 * Reads the registry's routes file, which also configures nginx, and reads it again within half a second of each change.
 * @param path a file with lines of the form `name scheme host addresses mcp-path sse-path secret-name[=its-headers]
 * [header-names [host-header]]`, or with `account:entry` in place of the secret
 * @param ca certificates to verify https upstreams against; undefined for Node's own
 * @param brokers the origins of the brokers, which are fixed
 */
export function watchRoutes(
  path: string,
  ca: string | undefined,
  log: Logger,
  intervalMilliseconds?: number,
  brokers: Readonly<Partial<Record<BrokerName, string>>> = {},
) {
  const fixed = new Map(Object.entries(brokers).map(([name, origin]) => [name, toBroker(origin)]));
  let routes = new Map<string, Route>();
  let isRead = false;
  const listeners: (() => void)[] = [];
  const take = (found: Found<string>) => {
    const before = routes;
    isRead = 'value' in found;
    routes = new Map();
    for (const line of linesOf(found, path, log)) {
      const name = line.slice(0, line.indexOf(' '));
      const old = before.get(name);
      if (!routes.has(name)) routes.set(name, old?.line === line ? old : toRoute(line, ca));
    }
    for (const [name, route] of before) {
      const now = routes.get(name);
      // A server that only changed its addresses keeps its open streams.
      if (now?.server !== route.server) closeAgents(route);
    }
    for (const listener of listeners) listener();
  };
  const file = watchFile(path, take, intervalMilliseconds);
  take(file.first);
  return {
    /** @param broker the request leads to its fixed address, whatever the server is called */
    of: (server: string, broker?: BrokerName) => (broker === undefined ? routes.get(server) : fixed.get(broker)),
    onChange: (listener: () => void) => void listeners.push(listener),
    /** Whether the file as it is now was read. Otherwise there are no routes. */
    isRead: () => isRead,
    stop(): void {
      file.stop();
      for (const route of [...routes.values(), ...fixed.values()]) closeAgents(route);
    },
  };
}

/** The line of a set: the hub serves it. */
const ofSet = /^\S+ set$/;

function linesOf(found: Found<string>, path: string, log: Logger): string[] {
  if ('error' in found) {
    log.error({ path, code: reasonOf(found.error) }, 'the routes file cannot be read: no server can be reached');
    return [];
  }
  const lines = found.value.split('\n').filter((line) => line !== '' && !ofSet.test(line));
  const good = lines.filter((line) => {
    const { length } = line.split(' ');
    return length >= fields.least && length <= fields.most;
  });
  if (good.length < lines.length) log.error({ path }, 'some lines of the routes file are malformed and were skipped');
  return good;
}

function closeAgents({ agent, callAgent, freshAgent }: Route): void {
  for (const each of [agent, callAgent, freshAgent]) each.destroy();
}

/** Servers keep an idle connection for two seconds or more: one that was used within this time is still open. */
const freshMilliseconds = 1_000;

/** Begins the seventh field of a server that wants each person's own account. */
const ofAccount = 'account:';

function toRoute(line: string, ca: string | undefined): Route {
  const [, scheme, host, addresses = '', ...all] = line.split(' ');
  const rest = all.slice(0, beforeHeaders);
  const hostHeader = all[beforeHeaders + 1];
  const [mcp, sse, secret = ''] = rest.map((path) => (path === '-' ? undefined : path));
  const account = secret.startsWith(ofAccount) ? secret.slice(ofAccount.length) : undefined;
  const [, headersOfSecret] = secret.split('=');
  const origin = `${scheme}://${host}`;
  const { protocol, hostname, port } = urlToHttpOptions(new URL(origin));
  const options = { lookup: pinnedLookup(addresses.split(',')), ...(ca !== undefined && { ca }) };
  const newAgent = (how: { keepAlive: boolean; timeout?: number }) =>
    scheme === 'https' ? new HttpsAgent({ ...options, ...how }) : new HttpAgent({ ...options, ...how });
  return {
    line,
    // Includes the secret's name: a stream that was opened with another credential must end.
    server: [scheme, host, ...rest, hostHeader].join(' '),
    origin,
    address: serverAddress({ origin, mcp, sse }),
    account,
    // By default Node would verify the certificate for the Host header.
    at: { protocol, hostname, port, servername: isIP(hostname ?? '') ? '' : (hostname ?? '') },
    host: hostHeader ?? host ?? '',
    paths: { ...(mcp && { mcp }), ...(sse && { sse }) },
    credentialHeaders: headersOfSecret?.toLowerCase().split(',') ?? [],
    agent: newAgent({ keepAlive: true }),
    callAgent: newAgent({ keepAlive: true, timeout: freshMilliseconds }),
    freshAgent: newAgent({ keepAlive: false }),
  };
}

/** The way to a broker, at the endpoints that all servers of the gateway have. */
function toBroker(origin: string): Route {
  const { protocol, hostname, port } = urlToHttpOptions(new URL(origin));
  const newAgent = (how: { keepAlive: boolean; timeout?: number }) =>
    protocol === 'https:' ? new HttpsAgent(how) : new HttpAgent(how);
  return {
    line: origin,
    server: origin,
    origin,
    address: serverAddress({ origin, mcp: '/mcp', sse: '/sse' }),
    account: undefined,
    at: { protocol, hostname, port, servername: isIP(hostname ?? '') ? '' : (hostname ?? '') },
    host: new URL(origin).host,
    paths: { mcp: '/mcp', sse: '/sse' },
    credentialHeaders: [],
    agent: newAgent({ keepAlive: true }),
    callAgent: newAgent({ keepAlive: true, timeout: freshMilliseconds }),
    freshAgent: newAgent({ keepAlive: false }),
  };
}
