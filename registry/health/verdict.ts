import type { Status } from '../servers/server-health.ts';
import type { KeptState } from '../store/observations.ts';
import type { ProbeResult } from './mcp-probe.ts';

/** So many failed checks in a row turn a healthy server into one that is not. */
export const failuresToBelieve = 2;

/** What one check of a server found, all its transports together. */
export interface Finding {
  status: Exclude<Status, 'unknown'>;
  error: string | null;
  latencyMs: number | null;
  checks: KeptState['checks'];
}

const worst: readonly Finding['status'][] = ['unhealthy', 'needs-authentication', 'degraded', 'healthy'];
const names = { 'streamable-http': 'Streamable HTTP', sse: 'SSE' } as const;

/** The worst of a server's transports, and which it is if the other is better. */
export function findingOf(results: readonly ProbeResult[]): Finding {
  const status = worst.find((each) => results.some((result) => result.status === each)) as Finding['status'];
  const culprit = results.find((result) => result.status === status);
  const isPart = results.some((result) => result.status !== status);
  const error = culprit?.error ?? null;
  const latencies = results.flatMap(({ steps }) =>
    steps[1]?.state === 'ok' ? (steps[0]?.ms ?? 0) + (steps[1]?.ms ?? 0) : [],
  );
  return {
    status,
    error: error !== null && isPart && culprit ? `${names[culprit.transport]}: ${error}` : error,
    latencyMs: latencies.length > 0 ? Math.max(...latencies) : null,
    checks: results.map(({ transport, status: each, steps }) => ({ transport, status: each, steps })),
  };
}

/** A server that there is nowhere to ask. */
export function nowhere(problem: string): Finding {
  return { status: 'unhealthy', error: problem, latencyMs: null, checks: [] };
}

/**
 * The state of a server after a check. One failure of a healthy server is noted and not believed: a restart, a lost
 * packet. One success is. Missing credentials are no failure: waiting does not bring them.
 */
export function stateAfter(before: KeptState | undefined, finding: Finding, at: Date): KeptState {
  const { status, error, latencyMs, checks } = finding;
  const isFailure = status === 'unhealthy' || status === 'degraded';
  const failures = isFailure ? (before?.failures ?? 0) + 1 : 0;
  const isDoubted = isFailure && before?.status === 'healthy' && failures < failuresToBelieve;
  const next = isDoubted ? 'healthy' : status;
  const since = before?.status === next ? before.since : at.toISOString();
  return { status: next, failures, error, since, latencyMs, checks };
}

/** Whether the state is one that may be a hiccup. */
export function isUnstable({ status, error }: Pick<KeptState, 'status' | 'error'>): boolean {
  return status === 'healthy' && error !== null;
}

/**
 * How long to wait until the next check: `interval` give or take a tenth, so that registries and servers do not all move
 * together. From the fifth failure on twice as long each time, up to ten times: five minutes for the usual 30 s.
 */
export function waitAfter({ failures, status }: KeptState, interval: number, random: number): number {
  const slower = status === 'needs-authentication' ? 2 : 2 ** Math.max(0, failures - 4);
  return interval * Math.min(10, slower) * (0.9 + 0.2 * random);
}
