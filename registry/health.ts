import type { Logger } from '../common/log.ts';
import { type ProbeResult, probeServer, type ToolInfo } from './mcp-probe.ts';
import type { ServerEntry } from './store/server-store.ts';
import type { Upstream } from './upstreams.ts';

/** `unknown`: not asked yet. `needs-authentication`: it answers, but only to somebody with credentials of its own. */
export type Status = 'up' | 'down' | 'needs-authentication' | 'unknown';

/** What is known about a server's health. */
export interface Health {
  status: Status;
  checkedAt: Date | null;
  /** Why it is not up, for people; holds no address. */
  error: string | null;
  /** The tools it announced when it last was up. */
  tools: readonly ToolInfo[];
}

export interface HealthOptions {
  servers: () => readonly ServerEntry[];
  upstreamOf: (name: string) => Upstream | undefined;
  log: Logger;
  intervalMs?: number;
  timeoutMs?: number;
  now?: () => Date;
}

/** The health of all servers, kept fresh in the background. */
export interface HealthMonitor {
  of(name: string): Health;
  /** Asks one server now; never throws. */
  check(server: ServerEntry): Promise<Health>;
  /** Asks every server once; never throws. */
  checkAll(): Promise<void>;
  /** Asks all servers now and then again and again. */
  start(): void;
  stop(): void;
}

/** The health of a server that has not been asked. */
export const neverChecked: Health = { status: 'unknown', checkedAt: null, error: null, tools: [] };
const atOnce = 16;

/**
 * Makes the monitor. Rounds start `intervalMs` apart (30 s) give or take a tenth, so that several registries do not all
 * ask at the same moment; each server has `timeoutMs` (3 s) to answer.
 */
export function createHealthMonitor(options: HealthOptions): HealthMonitor {
  const { servers, upstreamOf, log, intervalMs = 30_000, timeoutMs = 3_000, now = () => new Date() } = options;
  const known = new Map<string, Health>();
  let timer: NodeJS.Timeout | undefined;
  let running = false;

  const check = async (server: ServerEntry): Promise<Health> => {
    const upstream = upstreamOf(server.name);
    const result: ProbeResult = upstream?.addresses.length
      ? await probeServer(server, upstream.addresses, timeoutMs)
      : { status: 'down', error: upstream?.problem ?? 'Its address is not known yet.' };
    const before = known.get(server.name) ?? neverChecked;
    const health = toHealth(result, before, now());
    known.set(server.name, health);
    if (before.status === health.status && before.error === health.error) return health;
    const cause = result.status === 'up' ? undefined : String(result.cause ?? '') || undefined;
    const line = { server: server.name, status: health.status, was: before.status, reason: health.error, cause };
    if (health.status === 'down') log.warn(line, 'server is down');
    else log.info(line, `server is ${health.status}`);
    return health;
  };

  const checkAll = async (): Promise<void> => {
    const waiting = [...servers()];
    const present = new Set(waiting.map((server) => server.name));
    for (const name of known.keys()) if (!present.has(name)) known.delete(name);
    const work = async () => {
      for (let server = waiting.shift(); server; server = waiting.shift()) await check(server);
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  };

  const round = async (): Promise<void> => {
    await checkAll().catch((err: unknown) => log.error({ err }, 'health round failed'));
    if (!running) return;
    timer = setTimeout(() => void round(), intervalMs * (0.9 + Math.random() * 0.2));
    timer.unref();
  };

  return {
    of: (name) => known.get(name) ?? neverChecked,
    check,
    checkAll,
    start() {
      if (running) return;
      running = true;
      void round();
    },
    stop() {
      running = false;
      clearTimeout(timer);
    },
  };
}

function toHealth(result: ProbeResult, before: Health, checkedAt: Date): Health {
  if (result.status === 'up') return { status: 'up', checkedAt, error: null, tools: result.tools };
  // Its tools stay shown while it is away: a page that forgets them during a restart helps nobody.
  return { status: result.status, checkedAt, error: result.error, tools: before.tools };
}
