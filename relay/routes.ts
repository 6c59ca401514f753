import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type Found, reasonOf, watchFile } from '../common/files/watched-file.ts';
import { pinnedLookup } from '../common/network/pinned-lookup.ts';
import type { Logger } from '../common/service/log.ts';
import type { Endpoint } from '../policy/request/mcp-request.ts';

/** Where a server is reached. */
export interface Route {
  /** The line it was read from. */
  line: string;
  /** What it leads to, wherever that is at the moment: the addresses of a name may change at any time. */
  server: string;
  origin: string;
  paths: Readonly<Partial<Record<Endpoint, string>>>;
  /** Keeps connections to the vetted addresses, and makes no others. */
  agent: HttpAgent | HttpsAgent;
  /** The same with a new connection each time, for what must not be sent twice. */
  freshAgent: HttpAgent | HttpsAgent;
}

const fields = 7;

/** The servers that the registry routes, as they are at the moment. */
export interface Routes {
  of(server: string): Route | undefined;
  onChange(listener: () => void): void;
  stop(): void;
}

/**
 * Reads the registry's routes file, from which nginx is configured as well, and reads it again within half a second of
 * each change.
 * @param path `name scheme host addresses mcp-path sse-path secret-name` a line
 * @param ca certificates that https upstreams are verified against; undefined for Node's own
 */
export function watchRoutes(path: string, ca: string | undefined, log: Logger, intervalMilliseconds?: number): Routes {
  let routes = new Map<string, Route>();
  const listeners: (() => void)[] = [];
  const take = (found: Found<string>) => {
    const before = routes;
    routes = new Map();
    for (const line of linesOf(found, path, log)) {
      const name = line.slice(0, line.indexOf(' '));
      const old = before.get(name);
      if (!routes.has(name)) routes.set(name, old?.line === line ? old : toRoute(line, ca));
    }
    for (const [name, route] of before) {
      const now = routes.get(name);
      // Streams over the addresses of before live on.
      if (now?.server !== route.server) letGo(route);
    }
    for (const listener of listeners) listener();
  };
  const file = watchFile(path, take, intervalMilliseconds);
  take(file.first);
  return {
    of: (server) => routes.get(server),
    onChange: (listener) => void listeners.push(listener),
    stop() {
      file.stop();
      for (const route of routes.values()) letGo(route);
    },
  };
}

function linesOf(found: Found<string>, path: string, log: Logger): string[] {
  if ('error' in found) {
    log.error({ path, code: reasonOf(found.error) }, 'the routes cannot be read: no server is relayed to');
    return [];
  }
  const lines = found.value.split('\n').filter(Boolean);
  const good = lines.filter((line) => line.split(' ').length === fields);
  if (good.length < lines.length) log.error({ path }, 'lines of the routes are not of the agreed form: left out');
  return good;
}

function letGo({ agent, freshAgent }: Route): void {
  agent.destroy();
  freshAgent.destroy();
}

function toRoute(line: string, ca: string | undefined): Route {
  const [, scheme, host, addresses = '', ...rest] = line.split(' ');
  const [mcp, sse] = rest.map((path) => (path === '-' ? undefined : path));
  const options = { lookup: pinnedLookup(addresses.split(',')), ...(ca !== undefined && { ca }) };
  const newAgent = (keepAlive: boolean) =>
    scheme === 'https' ? new HttpsAgent({ ...options, keepAlive }) : new HttpAgent({ ...options, keepAlive });
  return {
    line,
    // The name of the secret too: what was opened as somebody else at the upstream does not go on.
    server: [scheme, host, ...rest].join(' '),
    origin: `${scheme}://${host}`,
    paths: { ...(mcp && { mcp }), ...(sse && { sse }) },
    agent: newAgent(true),
    freshAgent: newAgent(false),
  };
}
