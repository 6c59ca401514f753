import { isIPv6 } from 'node:net';
import type { AddressCheck } from '../../common/network/addresses.ts';
import type { Resolver } from '../../common/network/resolve.ts';
import type { Logger } from '../../common/service/log.ts';
import { oneAtATime } from '../../common/time/one-at-a-time.ts';
import { renameNeeded } from '../../policy/names.ts';
import type { ServerEntry } from '../servers/server.ts';
import { toRouteLine, toSetLine, writeRoutes } from './routes-file.ts';

/** The resolved addresses of a server. Without any it is not routed, and `problem` tells its users why. */
export interface Upstream {
  /** Vetted `ip:port`, IPv6 in brackets, sorted. */
  addresses: readonly string[];
  /** The origin that was looked up; undefined for the server's own. */
  origin?: string;
  problem?: string;
}

export interface UpstreamsOptions {
  servers: () => readonly ServerEntry[];
  /** The sets: the hub serves them, so they have no address. */
  sets?: () => readonly Pick<ServerEntry, 'name'>[];
  resolve: Resolver;
  check: AddressCheck;
  routesDir: string;
  /** The headers that callers of a server's tools send. */
  headersOf?: (server: string) => readonly string[];
  /** The headers that the gateway's credential for a server is sent in. */
  credentialHeadersOf?: (server: ServerEntry) => readonly string[];
  log: Logger;
  /** Time limit for resolving one name, in milliseconds. */
  timeoutMs?: number;
}

/** Each address is a line of nginx's configuration. */
const mostAddresses = 64;

/**
 * Keeps the routes file up to date: resolves every upstream, checks its addresses, and writes the lines. A server that
 * cannot be resolved or may not be reached is left out with a warning, and does not affect the others.
 */
export function createUpstreams(options: UpstreamsOptions) {
  const { servers, sets = () => [], routesDir, log } = options;
  let found = new Map<string, Upstream>();
  let timer: NodeJS.Timeout | undefined;

  const refreshNow = async (): Promise<void> => {
    const entries = servers();
    const upstreams = await Promise.all(entries.map((server) => locate(server, found.get(server.name), options)));
    found = new Map(
      entries.map((server, index) => [
        server.name,
        { ...(upstreams[index] ?? { addresses: [] }), origin: server.upstream },
      ]),
    );
    const routed = entries.flatMap((server) => lineOf(server, found.get(server.name)?.addresses ?? [], options));
    const lines = [...routed, ...sets().flatMap(({ name }) => written(name, () => toSetLine(name), log))];
    if (await writeRoutes(routesDir, lines)) log.info({ routes: lines.length }, 'routes file written');
  };

  const find = async (server: ServerEntry): Promise<Upstream> => {
    const reasons: string[] = [];
    const { addresses, problem } = await locate(server, undefined, options, reasons);
    if (addresses.length > 0) return { addresses };
    return { addresses, problem: [problem, ...reasons.map((reason) => `It ${reason}.`)].join(' ') };
  };

  return {
    /** Resolves all names, and writes the file if it changed. Calls that wait share one run, which sees all before it. */
    refresh: oneAtATime(refreshNow),
    /** Resolves and checks a server that may have no route yet. Its `problem` includes the details for an editor. */
    find,
    /** What the last `refresh` found for a server. */
    of: (name: string): Upstream | undefined => found.get(name),
    /** Calls `refresh` every `intervalMs`. */
    start(intervalMs = 60_000): void {
      const failed = (err: unknown) =>
        log.error({ err, folder: routesDir }, 'routes file not written; the old one stays');
      timer = setInterval(() => void this.refresh().catch(failed), intervalMs);
      timer.unref();
    },
    stop: (): void => clearInterval(timer),
  };
}

function lineOf(
  server: ServerEntry,
  addresses: readonly string[],
  { headersOf, credentialHeadersOf, log }: UpstreamsOptions,
): string[] {
  if (addresses.length === 0) return [];
  const line = () => toRouteLine(server, addresses, headersOf?.(server.name), credentialHeadersOf?.(server));
  return written(server.name, line, log);
}

function written(server: string, line: () => string, log: Logger): string[] {
  try {
    return [line()];
  } catch (error) {
    // One bad entry must not block the routes of all others.
    log.error({ server, reason: String(error) }, 'server left out of the routes');
    return [];
  }
}

async function locate(
  server: ServerEntry,
  before: Upstream | undefined,
  options: UpstreamsOptions,
  reasons: string[] = [],
): Promise<Upstream> {
  const url = new URL(server.upstream);
  const todo = renameNeeded(server.name);
  if (todo) {
    options.log.warn(
      { server: server.name, todo },
      'server left out of the routes: its name is reserved since an upgrade',
    );
    return { addresses: [], problem: `Its name is reserved. An operator has to ${todo}` };
  }
  try {
    const ips = await withTimeout(options.resolve(url.hostname.replace(/^\[|\]$/g, '')), options.timeoutMs ?? 5_000);
    return vet(server, url, ips, options, reasons);
  } catch (error) {
    const code = Error.isError(error) && 'code' in error ? error.code : 'unknown';
    const details = { server: server.name, host: url.hostname, code };
    // A temporary failure of the resolver must not drop the route and cause an outage.
    if (before?.addresses.length && (code === 'EAI_AGAIN' || code === 'ETIMEOUT')) {
      options.log.warn(details, 'host name not resolved this time; the addresses found before stay in use');
      return before;
    }
    options.log.warn(details, 'server left out of the routes: its host name cannot be resolved');
    return { addresses: [], problem: 'Its host name cannot be resolved.' };
  }
}

function vet(
  server: ServerEntry,
  url: URL,
  ips: readonly string[],
  { check, log }: UpstreamsOptions,
  reasons: string[],
): Upstream {
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const details = { server: server.name, host: url.hostname };
  const addresses = new Set<string>();
  let refused = 0;
  if (ips.length > mostAddresses) {
    reasons.push(`has more than ${mostAddresses} addresses`);
    log.warn({ ...details, addresses: ips.length }, 'server left out of the routes: it has too many addresses');
    return { addresses: [], problem: 'Its host name has too many addresses.' };
  }
  for (const ip of ips) {
    const reason = check(ip, port);
    if (reason) {
      refused++;
      reasons.push(reason);
      log.warn({ ...details, address: ip, port }, `upstream address refused: it ${reason}`);
    } else addresses.add(isIPv6(ip) ? `[${ip.toLowerCase()}]:${port}` : `${ip}:${port}`);
  }
  // A name with a forbidden address beside an allowed one may be an attempt to get past this check.
  if (addresses.size > 0 && refused === 0) return { addresses: [...addresses].sort() };
  log.warn(details, 'server left out of the routes: it has no address that is allowed, or also one that is refused');
  const subject = addresses.size > 0 ? 'One of its addresses' : 'Its address';
  return { addresses: [], problem: `${subject} is not one that the gateway may reach.` };
}

async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(Object.assign(new Error('timed out'), { code: 'ETIMEOUT' })), ms);
  return await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
