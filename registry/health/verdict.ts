import type { Status } from '../servers/server-health.ts';
import type { StoredState } from '../store/observations.ts';
import type { ProbeResult } from './mcp-probe.ts';

/** How many failed checks in a row make a healthy server unhealthy. */
const failuresToBelieve = 2;

/** The result of one check of a server, over all its transports. */
export interface Finding {
  status: Exclude<Status, 'unknown'>;
  error: string | null;
  latencyMs: number | null;
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
  const latencies = results.flatMap(({ steps: [reach, handshake] }) =>
    handshake?.state === 'ok' ? (reach?.ms ?? 0) + handshake.ms : [],
  );
  return {
    status,
    error: error !== null && isPart && culprit ? `${names[culprit.transport]}: ${error}` : error,
    latencyMs: latencies.length > 0 ? Math.max(...latencies) : null,
    checks: results.map(({ transport, status: each, steps }) => ({ transport, status: each, steps })),
  };
}

/**
 * Returns the state of a server after a check. One failure of a healthy server is only noted: it may be a restart or a
 * lost packet. One success is enough. Missing credentials do not count as failures, because waiting does not help.
 */
export function stateAfter(before: StoredState | undefined, finding: Finding, at: Date): StoredState {
  const { status, error, latencyMs, checks } = finding;
  const isFailure = status === 'unhealthy' || status === 'degraded';
  const failures = isFailure ? (before?.failures ?? 0) + 1 : 0;
  const isDoubted = isFailure && before?.status === 'healthy' && failures < failuresToBelieve;
  const next = isDoubted ? 'healthy' : status;
  const since = before?.status === next ? before.since : at.toISOString();
  return { status: next, failures, error, since, latencyMs, checks };
}

/** Whether a healthy server failed its last check. */
export function isUnstable({ status, error }: Pick<StoredState, 'status' | 'error'>): boolean {
  return status === 'healthy' && error !== null;
}

/**
 * Returns the time until the next check: `interval` plus or minus 10 %, so that registries and servers do not synchronize.
 * From the fifth failure on, it doubles each time, up to ten times the interval: five minutes for the default of 30 s.
 */
export function waitAfter({ failures, status }: StoredState, interval: number, random: number): number {
  const slower = status === 'needs-authentication' ? 2 : 2 ** Math.max(0, failures - 4);
  return interval * Math.min(10, slower) * (0.9 + 0.2 * random);
}
