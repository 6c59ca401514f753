import type { Logger } from '../../common/service/log.ts';
import type { Upstream } from '../routing/upstreams.ts';
import { type ServerEntry, targetOf, transportsOf } from '../servers/server.ts';
import type { Health, Status } from '../servers/server-health.ts';
import type { ObservedTool } from '../servers/tool.ts';
import type { Kept, Observations } from '../store/observations.ts';
import { type Asked, adopt, type Entry, learn, newEntry, tell, toHealth } from './entry.ts';
import { type ProbeLimits, probeServer } from './mcp-probe.ts';
import { nextTurns } from './queue.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { findingOf, nowhere, waitAfter } from './verdict.ts';

/** A server to look after. Only an enabled one is checked; a new revision is checked at once. */
export type Monitored = ServerEntry & { enabled?: boolean; revision?: number };

export interface HealthOptions {
  servers: () => readonly Monitored[];
  upstreamOf: (name: string) => Upstream | undefined;
  /** The credential that a server wants, as headers; undefined when it cannot be had. */
  headersFor?: (server: ServerEntry) => Readonly<Record<string, string>> | undefined;
  /** Where it is kept over restarts; without it, nowhere. */
  observations?: Observations | undefined;
  /** Told of the tools that a server shows, at each check that read them. */
  onTools?: (server: string, tools: readonly ObservedTool[]) => void;
  /** Told of each check: what the server is now, and how long it took, in seconds. */
  onChecked?: (status: Status, seconds: number) => void;
  log: Logger;
  intervalMs?: number;
  limits?: ProbeLimits;
  now?: () => Date;
}

/** The health of all servers, kept fresh in the background. */
export interface HealthMonitor {
  of(name: string): Health;
  /** Asks one server now; never throws. */
  check(server: Monitored): Promise<Health>;
  /** Brings back what was known before the restart. Never throws. */
  recall(): Promise<void>;
  /** Asks every server from now on, each in its own time. */
  start(): void;
  /** Keeps what is not kept yet. */
  stop(): Promise<void>;
}

const tickMilliseconds = 250;
const recordMilliseconds = 5_000;
const slowMilliseconds = 2_000;

/**
 * Makes the monitor. Every server has its own time, `intervalMs` (30 s) after its last check, later when it has failed
 * for long; `limits` says how long it may take (3 s to answer, 10 s for all pages of its lists).
 */
export function createHealthMonitor(options: HealthOptions): HealthMonitor {
  const { servers, log, observations, now = () => new Date() } = options;
  const known = createEntries();
  const recorder = observations && createRecorder({ observations, log, now, onFound: known.found });
  const run = (server: Monitored, entry: Entry) => runCheck(options, recorder, known, server, entry);
  const tick = () => {
    const all = servers();
    known.only(all.map(({ name }) => name));
    const turns = all.map((server) => ({ server, entry: known.of(server) }));
    if (recorder && !recorder.hasDuty()) return;
    const enabled = turns.filter(({ server }) => server.enabled !== false);
    const due = nextTurns(
      enabled.map(({ entry }) => entry),
      performance.now(),
    );
    const isDue = new Set(due);
    for (const { server, entry } of enabled) if (isDue.has(entry)) void run(server, entry);
  };

  let timers: NodeJS.Timeout[] = [];
  return {
    of: (name) => toHealth(known.get(name)),
    async check(server) {
      const entry = known.of(server);
      await (entry.running ?? run(server, entry));
      return toHealth(entry);
    },
    async recall() {
      await recorder?.turn();
      for (const server of servers()) known.of(server);
    },
    start() {
      if (timers.length > 0) return;
      timers = [setInterval(tick, Math.min(tickMilliseconds, options.intervalMs ?? tickMilliseconds)).unref()];
      if (recorder) timers.push(setInterval(() => void recorder.turn(), recordMilliseconds).unref());
      tick();
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      timers = [];
      await recorder?.turn();
    },
  };
}

/** What is known of the servers, and what was kept of them. */
function createEntries() {
  const entries = new Map<string, Entry>();
  const kept = new Map<string, Kept>();
  return {
    get: (name: string) => entries.get(name),
    found(all: readonly Kept[]): void {
      for (const each of all) {
        kept.set(each.server, each);
        const entry = entries.get(each.server);
        if (entry?.target === each.target && (entry.checkedAt ?? 0) < each.checkedAt) adopt(entry, each);
      }
    },
    /** A server that has moved starts anew. */
    of(server: Monitored): Entry {
      const target = targetOf(server);
      const { revision } = server;
      const old = entries.get(server.name);
      if (old?.target === target) {
        if (old.revision !== revision) Object.assign(old, { revision, dueAt: 0, isSlow: false });
        return old;
      }
      const entry = newEntry(target, revision);
      const before = kept.get(server.name);
      if (before?.target === target) adopt(entry, before);
      entries.set(server.name, entry);
      return entry;
    },
    /** Forgets all others. */
    only(names: readonly string[]): void {
      const present = new Set(names);
      for (const map of [entries, kept]) for (const name of map.keys()) if (!present.has(name)) map.delete(name);
    },
  };
}

function runCheck(
  options: HealthOptions,
  recorder: Recorder | undefined,
  known: ReturnType<typeof createEntries>,
  server: Monitored,
  entry: Entry,
): Promise<void> {
  const { log, onTools, onChecked, intervalMs = 30_000, now = () => new Date() } = options;
  const { revision } = entry;
  const check = async () => {
    const asked = await ask(options, server);
    const observation = learn(entry, server.name, asked, now());
    entry.isSlow = asked.tookMs > slowMilliseconds;
    onChecked?.(observation.state.status, asked.tookMs / 1000);
    // Changed while it was asked: it is due at once.
    if (entry.revision === revision)
      entry.dueAt = performance.now() + waitAfter(observation.state, intervalMs, Math.random());
    // Gone or elsewhere by now: what was found is of no use any more.
    if (known.get(server.name) !== entry) return;
    if (observation.events.length > 0) tell(log, server.name, entry, asked.cause);
    recorder?.add(observation);
    if (asked.observed?.tools) onTools?.(server.name, asked.observed.tools);
  };
  entry.isRunning = true;
  entry.running = check()
    .catch((err: unknown) => log.error({ err, server: server.name }, 'a check failed'))
    .finally(() => Object.assign(entry, { isRunning: false, running: undefined }));
  return entry.running;
}

/** Asks a server by all its transports, one after the other; what the first one told is what it announces. */
async function ask(
  { upstreamOf, headersFor = () => ({}), limits = { answer: 3_000, whole: 10_000 } }: HealthOptions,
  server: ServerEntry,
): Promise<Asked> {
  const upstream = upstreamOf(server.name);
  const headers = headersFor(server);
  const failed = (problem: string) => ({ finding: nowhere(problem), observed: undefined, cause: undefined, tookMs: 0 });
  if (!upstream?.addresses.length) return failed(upstream?.problem ?? 'Its address is not known yet.');
  if (!headers) return failed('The credential that it wants cannot be had from UPSTREAM_SECRETS_FILE.');
  const started = performance.now();
  const results = [];
  for (const transport of transportsOf(server))
    results.push(await probeServer(server, transport, upstream.addresses, limits, headers));
  const observed = results.find((result) => result.observed)?.observed;
  const cause = results.find((result) => result.cause !== undefined)?.cause;
  return { finding: findingOf(results), observed, cause, tookMs: performance.now() - started };
}
