import { setTimeout } from 'node:timers/promises';
import type { Account } from '../../common/answers/byte-gatherer.ts';
import { HeldBytes, NoRoom } from '../../common/answers/held-bytes.ts';
import type { Logger } from '../../common/service/log.ts';
import type { Upstream } from '../routing/upstreams.ts';
import { type ServerEntry, type Transport, targetOf, transportsOf } from '../servers/server.ts';
import type { Health, Status } from '../servers/server-health.ts';
import type { ObservedTool } from '../servers/tool.ts';
import type { Observations, StoredHealth } from '../store/observations.ts';
import { limitsOf, type ProbeLimits } from './clock.ts';
import { type CheckResult, type Entry, logChange, newEntry, restore, toHealth, update } from './entry.ts';
import { checksOfConnection, type KeptConnection } from './kept-connection.ts';
import { heldByChecks } from './limits.ts';
import { type ProbeResult, probeServer } from './mcp-probe.ts';
import { nextTurns } from './queue.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { findingOf, slowMilliseconds, waitAfter } from './verdict.ts';

/** A server to monitor. Only an enabled one is checked; a new revision is checked at once. */
export type Monitored = ServerEntry & { enabled?: boolean; revision?: number };

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

/** A bridge may start a process first, and install its packages. */
const usualSeconds = 30;
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
  const { servers, log, observations, intervalMs = tickMilliseconds, now = () => new Date() } = options;
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

/** Ends what a check has kept: the next check begins with the handshake. */
async function dropKept(entry: Entry): Promise<void> {
  const { kept } = entry;
  entry.kept = undefined;
  await kept?.end();
}

/** The monitor's entries, and what was stored of the servers. */
function createEntries() {
  const entries = new Map<string, Entry>();
  const stored = new Map<string, StoredHealth>();
  return {
    get: (name: string) => entries.get(name),
    all: () => [...entries.values()],
    found(all: readonly StoredHealth[]): void {
      for (const each of all) {
        stored.set(each.server, each);
        const entry = entries.get(each.server);
        if (entry?.target === each.target && (entry.checkedAt ?? 0) < each.checkedAt) restore(entry, each);
      }
    },
    /** A server that has moved gets a new entry. */
    of(server: Monitored): Entry {
      const target = targetOf(server);
      const { revision } = server;
      const old = entries.get(server.name);
      if (old?.target === target) {
        if (old.revision !== revision) {
          Object.assign(old, { revision, dueAt: 0, isSlow: false });
          void dropKept(old);
        }
        return old;
      }
      if (old) void dropKept(old);
      const entry = newEntry(target, revision);
      const before = stored.get(server.name);
      if (before?.target === target) restore(entry, before);
      entries.set(server.name, entry);
      return entry;
    },
    /** Deletes all other servers. */
    only(names: readonly string[]): void {
      const present = new Set(names);
      for (const [name, entry] of entries) if (!present.has(name)) void dropKept(entry);
      for (const map of [entries, stored]) for (const name of map.keys()) if (!present.has(name)) map.delete(name);
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

/** Checks over one transport, with what an earlier check has kept. If that fails, a whole check follows at once. */
async function probeKept(
  { limits: usual, ca }: HealthOptions,
  server: Monitored,
  entry: Entry,
  to: {
    transport: Transport;
    addresses: readonly string[];
    headers: Readonly<Record<string, string>>;
    account: Account;
  },
): Promise<ProbeResult> {
  const own = server.health_seconds ? limitsOf(server.health_seconds) : undefined;
  const limits = own ?? usual ?? limitsOf(usualSeconds);
  const probe = (kept?: KeptConnection) =>
    probeServer(server, to.transport, to.addresses, limits, to.headers, to.account, { ca, kept, keep: true });
  if (to.transport === 'sse') return await probe();
  const { kept } = entry;
  if (kept && ++kept.checks < checksOfConnection) {
    const started = performance.now();
    const result = await probe(kept);
    const tookAll = performance.now() - started >= limits.answer;
    if ((result.status === 'healthy' && result.error === null) || result.cause instanceof NoRoom) return result;
    await dropKept(entry);
    // A second wait of the same length would tell nothing new.
    if (tookAll) return result;
  } else await dropKept(entry);
  const result = await probe();
  entry.kept = result.kept;
  return result;
}
