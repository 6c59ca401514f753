import type { Status } from '../servers/server-health.ts';
import type { StoredState } from '../store/observations.ts';
import type { ProbeResult } from './probe/mcp-probe.ts';

/** How many failed checks in a row make a healthy server unhealthy. */
const failuresToBelieve = 2;

/** People notice answers that take longer. */
export const slowMilliseconds = 2_000;

/** Checks take at most one part of this many of a server's time. */
const partOfTime = 10;

/** The result of one check of a server, over all its transports. */
export interface Finding {
  status: Exclude<Status, 'unknown'>;
  error: string | null;
  latencyMs: number | null;
  /** It made no handshake, so it cannot say that a slow server has become fast. */
  isPartial: boolean;
  checks: StoredState['checks'];
}

const worst: readonly Finding['status'][] = ['unhealthy', 'needs-authentication', 'degraded', 'healthy'];
const names = { 'streamable-http': 'Streamable HTTP', sse: 'SSE' } as const;

/** Returns the worst status of a server's transports. The error names the transport if the other one is better. */
export function findingOf(results: readonly ProbeResult[]): Finding {
  const status = worst.find((each) => results.some((result) => result.status === each)) as Finding['status'];
  const culprit = results.find((result) => result.status === status);
  const isPart = results.some((result) => result.status !== status);
  const error = culprit?.error ?? null;
  const latencies = results.flatMap(({ steps: [reach, handshake, tools] }) => {
    const last = handshake?.state === 'skipped' ? tools : handshake;
    return last?.state === 'ok' ? (reach?.ms ?? 0) + last.ms : [];
  });
  return {
    status,
    error: error !== null && isPart && culprit ? `${names[culprit.transport]}: ${error}` : error,
    latencyMs: latencies.length > 0 ? Math.max(...latencies) : null,
    isPartial: results.some(({ steps: [, handshake] }) => handshake?.state === 'skipped' && handshake.reason !== null),
    checks: results.map(({ transport, status: each, steps }) => ({ transport, status: each, steps })),
  };
}

/**
 * Returns the state of a server after a check. One failure of a healthy server is only noted: it may be a restart or a
 * lost packet. One success is enough. Missing credentials do not count as failures, because waiting does not help.
 */
export function stateAfter(before: StoredState | undefined, finding: Finding, at: Date): StoredState {
  const { status, error, latencyMs, isPartial, checks } = finding;
  const isFailure = status === 'unhealthy' || status === 'degraded';
  const failures = isFailure ? (before?.failures ?? 0) + 1 : 0;
  const isDoubted = isFailure && before?.status === 'healthy' && failures < failuresToBelieve;
  const next = isDoubted ? 'healthy' : status;
  const since = before?.status === next ? before.since : at.toISOString();
  const slow = (latencyMs ?? 0) > slowMilliseconds || (isPartial && before?.slow === true);
  return { status: next, failures, error, since, latencyMs, slow, checks };
}

/** Whether a server works, but slowly. */
export function isSlow(state: Pick<StoredState, 'status' | 'error' | 'slow'> | undefined): boolean {
  return state?.status === 'healthy' && state.error === null && state.slow === true;
}

/** Whether a healthy server failed its last check. */
export function isUnstable({ status, error }: Pick<StoredState, 'status' | 'error'>): boolean {
  return status === 'healthy' && error !== null;
}

/**
 * Returns the time until the next check: `interval` plus or minus 10 %, so that registries and servers do not synchronize.
 * From the fifth failure on, it doubles each time, up to ten times the interval: five minutes for the default of 30 s. A
 * check that took `tookMs` is followed by ten times as long without one.
 */
export function waitAfter({ failures, status }: StoredState, interval: number, random: number, tookMs = 0): number {
  const slower = status === 'needs-authentication' ? 2 : 2 ** Math.max(0, failures - 4);
  const longest = interval * 10;
  const wait = Math.max(interval * slower, partOfTime * tookMs);
  return Math.min(longest, wait) * (0.9 + 0.2 * random);
}
