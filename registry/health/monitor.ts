import { setTimeout } from 'node:timers/promises';
import { HeldBytes, NoRoom } from '../../common/answers/held-bytes.ts';
import type { Logger } from '../../common/service/log.ts';
import type { Upstream } from '../routing/upstreams.ts';
import { type ServerEntry, transportsOf } from '../servers/server.ts';
import { type Health, neverChecked, type Status } from '../servers/server-health.ts';
import type { ObservedTool } from '../servers/tool.ts';
import type { Observations } from '../store/observations.ts';
import { createEntries } from './entries.ts';
import { type CheckResult, dropKept, type Entry, logChange, type Monitored, toHealth, update } from './entry.ts';
import { probeKept } from './kept-probe.ts';
import type { ProbeLimits } from './probe/clock.ts';
import { heldByChecks } from './probe/limits.ts';
import type { ProbeResult } from './probe/mcp-probe.ts';
import { nextTurns } from './queue.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { findingOf, slowMilliseconds, waitAfter } from './verdict.ts';

interface HealthOptions<Server extends Monitored = Monitored> {
  servers: () => readonly Server[];
  upstreamOf: (name: string) => Upstream | undefined;
  /** Returns the server's credential as headers; undefined if it is not available. */
  headersFor?: (server: ServerEntry) => Readonly<Record<string, string>> | undefined;
  /** Where results are stored; undefined to keep them in memory only. */
  observations?: Observations | undefined;
  /** Receives a server's tools after each check that read them. */
  onTools?: (server: string, tools: readonly ObservedTool[]) => void;
  /** Called after each check with the server's status and the duration in seconds. */
  onChecked?: (status: Status, seconds: number) => void;
  log: Logger;
  intervalMs?: number;
  /** For servers without a limit of their own. */
  limits?: ProbeLimits;
  /** CA certificates in PEM that verify servers; undefined for the system's. */
  ca?: string | undefined;
  now?: () => Date;
}

const tickMilliseconds = 250;
const recordMilliseconds = 5_000;
/** A server that has not been located yet is looked at again after this time. */
const notLocatedMilliseconds = 500;
/** nginx waits 30 s for an answer of the registry. A check that takes longer goes on. */
const personWaitsMilliseconds = 25_000;
/** How long the end of the sessions may hold up the end of the registry. */
const endMilliseconds = 2_000;
/** After this time a check that found no memory runs again. */
const noRoomMilliseconds = 3_000;

/**
 * Makes the monitor of the health of all servers. Each server is checked `intervalMs` (30 s) after its last check, and less
 * often after many failures. `limits` bounds each check (30 s for an answer, 90 s for all pages of its lists), unless the
 * server has one of its own. Most checks use the connection of an earlier one, and ask for the tools only.
 */
export function createHealthMonitor<Server extends Monitored>(options: HealthOptions<Server>) {
  const { log, observations, intervalMs = tickMilliseconds, now = () => new Date() } = options;
  // The servers of a set are checked, each by itself.
  const servers = () => options.servers().filter(({ members }) => !members);
  const known = createEntries();
  const recorder = observations && createRecorder(observations, log, now, known.found);
  const held = new HeldBytes(heldByChecks);
  const run = (server: Monitored, entry: Entry) => runCheck(options, { recorder, known, held }, server, entry);
  const endKept = async () => {
    const ended = Promise.all(known.all().map(dropKept));
    await Promise.race([ended, setTimeout(endMilliseconds, undefined, { ref: false })]);
  };
  const tick = () => {
    const all = servers();
    known.only(all.map(({ name }) => name));
    const turns = new Map(all.map((server) => [known.of(server), server]));
    if (recorder && !recorder.hasLease()) return;
    for (const [entry, server] of turns) {
      if (server.enabled !== false) continue;
      void dropKept(entry);
      turns.delete(entry);
    }
    for (const entry of nextTurns(turns.keys(), performance.now())) void run(turns.get(entry) as Monitored, entry);
  };

  /** Checks one server now, from the handshake on. Returns after 25 s at most. Never throws. */
  const check = async (server: Monitored): Promise<Health> => {
    if (server.members) return neverChecked;
    const entry = known.of(server);
    if (!entry.running) void dropKept(entry);
    const running = entry.running ?? run(server, entry);
    await Promise.race([running, setTimeout(personWaitsMilliseconds, undefined, { ref: false })]);
    return toHealth(entry);
  };

  let timers: NodeJS.Timeout[] = [];
  return {
    of: (name: string): Health => toHealth(known.get(name)),
    check,
    /** Checks all matching servers now, one after another. Never throws. */
    async checkAll(matches: (server: Server) => boolean): Promise<void> {
      for (const server of servers()) if (matches(server)) await check(server);
    },
    /** Loads what was stored before a restart. Never throws. */
    async recall(): Promise<void> {
      await recorder?.run();
      for (const server of servers()) known.of(server);
    },
    /** Begins to check all servers, each at its own time. */
    start(): void {
      if (timers.length > 0) return;
      timers = [setInterval(tick, Math.min(tickMilliseconds, intervalMs)).unref()];
      if (recorder) timers.push(setInterval(() => void recorder.run(), recordMilliseconds).unref());
      tick();
    },
    /** Stores what is not stored yet. */
    async stop(): Promise<void> {
      for (const timer of timers) clearInterval(timer);
      timers = [];
      await endKept();
      await recorder?.run();
    },
  };
}

function runCheck(
  options: HealthOptions,
  {
    recorder,
    known,
    held,
  }: { recorder: Recorder | undefined; known: ReturnType<typeof createEntries>; held: HeldBytes },
  server: Monitored,
  entry: Entry,
): Promise<void> {
  const { log, onTools, onChecked, intervalMs = 30_000, now = () => new Date() } = options;
  const { revision } = entry;
  const check = async () => {
    const result = await probeAll(options, server, entry, held);
    if (!result) {
      entry.dueAt = performance.now() + notLocatedMilliseconds;
      return;
    }
    if (result.cause instanceof NoRoom) {
      // This says nothing about the server.
      entry.dueAt = performance.now() + noRoomMilliseconds;
      return log.warn({ server: server.name }, 'a check waits: checks hold as much memory as they may');
    }
    const observation = update(entry, server.name, result, now());
    entry.isSlow = result.tookMs > slowMilliseconds;
    onChecked?.(observation.state.status, result.tookMs / 1000);
    // A server that changed during the check stays due.
    if (entry.revision === revision)
      entry.dueAt = performance.now() + waitAfter(observation.state, intervalMs, Math.random(), result.tookMs);
    // The server was deleted or moved during the check.
    if (known.get(server.name) !== entry) return void dropKept(entry);
    if (observation.events.length > 0) logChange(log, server.name, entry, result.cause);
    recorder?.add(observation);
    if (result.observed?.tools) onTools?.(server.name, result.observed.tools);
  };
  entry.isRunning = true;
  entry.running = check()
    .catch((err: unknown) => log.error({ err, server: server.name }, 'a check failed'))
    .finally(() => Object.assign(entry, { isRunning: false, running: undefined }));
  return entry.running;
}

/**
 * Checks a server over each of its transports in turn. The first one that answers supplies its self-description.
 * @returns undefined if its address has not been looked up yet: that says nothing about the server
 */
async function probeAll(
  options: HealthOptions,
  server: Monitored,
  entry: Entry,
  held: HeldBytes,
): Promise<CheckResult | undefined> {
  const { upstreamOf, headersFor = () => ({}) } = options;
  const upstream = upstreamOf(server.name);
  if (!upstream || (upstream.origin ?? server.upstream) !== server.upstream) return undefined;
  const headers = headersFor(server);
  const failed = (error: string): CheckResult => {
    const finding = { status: 'unhealthy', error, latencyMs: null, isPartial: false, checks: [] } as const;
    return { finding, observed: undefined, cause: undefined, tookMs: 0 };
  };
  if (!upstream.addresses.length) return failed(upstream.problem ?? 'It has no address.');
  if (!headers) return failed('Its credential is not available from UPSTREAM_SECRETS_FILE.');
  const started = performance.now();
  const account = held.accountOf(server.name);
  const results: ProbeResult[] = [];
  for (const transport of transportsOf(server))
    results.push(
      await probeKept(options, server, entry, { transport, addresses: upstream.addresses, headers, account }),
    );
  const observed = results.find((result) => result.observed)?.observed;
  const cause = results.find((result) => result.cause !== undefined)?.cause;
  return { finding: findingOf(results), observed, cause, tookMs: performance.now() - started };
}
