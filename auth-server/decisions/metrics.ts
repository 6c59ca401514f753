import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { PolicyWatch } from '../../common/policy/policy-in-force.ts';
import type { Shown } from '../../common/service/metrics-endpoint.ts';
import { addProcessMetrics } from '../../common/service/process-metrics.ts';
import type { MeasuredCall } from '../audit/outside/measured-call.ts';
import { boundedLabels, mostServers } from './bounded-labels.ts';
import { callMetrics } from './call-metrics.ts';
import type { DecisionEntry } from './decision-log.ts';
import { type LimitCounts, limitMetrics } from './limit-metrics.ts';

/** All metrics of a process as values. */
export type MetricValues = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** The auth-server's metrics. docs/operations/monitoring.md explains each of them. */
export interface Metrics extends Shown {
  /** Counts one decision, which took `seconds`. */
  decided(entry: DecisionEntry, seconds: number): void;
  /** Counts calls that nginx has seen end. */
  called(calls: readonly MeasuredCall[]): void;
  /** Shows how the calls that limits count are shared. */
  counting(counts: LimitCounts): void;
  /** Counts one look-up in a cache. */
  lookedUp(cache: 'assertion' | 'session', hit: boolean): void;
  /** Counts what becomes of calls that take an approval. */
  approval(result: ApprovalResult): void;
  /** Notes that the user pool's keys have just been fetched. */
  keysFetched(): void;
  /** For the process that adds up the metrics of its workers. */
  json(): Promise<MetricValues>;
}

/**
 * Metrics in a registry of their own, so that two services in one process do not share them.
 * @param policy the watch on the policy file, read at each scrape
 * @param secretFaults faults of the file of upstream secrets, read at each scrape
 */
export function createMetrics(
  policy: Pick<PolicyWatch, 'version' | 'faults' | 'history'>,
  secretFaults: () => readonly string[] = () => [],
): Metrics {
  const registry = new Registry();
  addProcessMetrics(registry);
  policyMetrics(registry, policy);
  new Gauge({
    name: 'mcp_gateway_upstream_secrets_faults',
    aggregator: 'max',
    help: 'Faults of the file of upstream secrets as it stands now; 0 when it is in force, or there is none',
    registers: [registry],
    collect() {
      this.set(secretFaults().length);
    },
  });
  return {
    decided: decisionMetrics(registry),
    called: callMetrics(registry),
    counting: (counts) => limitMetrics(registry, counts),
    lookedUp: cacheMetrics(registry),
    approval: approvalMetrics(registry),
    keysFetched: keyAgeMetric(registry),
    json: () => registry.getMetricsAsJSON(),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** Upper bounds in seconds: from 50 µs, a decision answered from caches, to the 2 s after which nginx gives up. */
const buckets = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 2];

function decisionMetrics(registry: Registry): Metrics['decided'] {
  const registers = [registry];
  const decisions = new Counter({
    name: 'mcp_gateway_decisions_total',
    help: 'Decisions by verdict, reason of a denial, and server if it is routed and the caller known',
    labelNames: ['verdict', 'reason', 'server'],
    registers,
  });
  const times = new Histogram({
    name: 'mcp_gateway_decision_seconds',
    help: 'Time from the question of nginx to the answer, including the reading of the body',
    labelNames: ['verdict'],
    buckets,
    registers,
  });
  const accounts = new Counter({
    name: 'mcp_gateway_account_requests_total',
    help: "Requests for servers that want people's own accounts: with the caller's, without one, or refused, by reason",
    labelNames: ['result'],
    registers,
  });
  for (const verdict of ['allow', 'deny']) times.zero({ verdict });
  for (const result of accountResults) accounts.inc({ result }, 0);
  const labelOf = boundedLabels(mostServers);
  return (entry, seconds) => {
    const verdict = entry.error ? 'deny' : 'allow';
    decisions.inc({ verdict, reason: entry.error?.code ?? '', server: serverLabel(entry, labelOf) });
    times.observe({ verdict }, seconds);
    if (entry.account) accounts.inc({ result: accountResult(entry) });
  };
}

const accountResults = [
  'used',
  'without',
  'account_needed',
  'account_refused',
  'account_for_people',
  'account_unavailable',
  'other',
] as const;

/** What became of a request for a server that wants people's own accounts. */
function accountResult({ account, error }: DecisionEntry): (typeof accountResults)[number] {
  if (error) return accountResults.find((each) => each === error.code) ?? 'other';
  return account?.isUsed ? 'used' : 'without';
}

/** A caller must not be able to invent labels: only routed servers get one, and only if the caller is known. */
function serverLabel({ request, principal }: DecisionEntry, labelOf: (server: string) => string): string {
  if (!principal || !request) return '';
  const { target } = request;
  // Reserved: no server can have this name.
  if (target.resource === 'registry') return 'registry';
  return target.routed ? labelOf(target.server) : '';
}

const approvalResults = [
  ...(['asked', 'repeated', 'approved', 'refused', 'used', 'continued'] as const),
  ...(['refused_again', 'not_held'] as const),
];
type ApprovalResult = (typeof approvalResults)[number];

function approvalMetrics(registry: Registry): Metrics['approval'] {
  const results = new Counter({
    name: 'mcp_gateway_approvals_total',
    help: 'What became of calls that take an approval: asked, repeated while they wait, approved, refused, used and so on',
    labelNames: ['result'],
    registers: [registry],
  });
  for (const result of approvalResults) results.inc({ result }, 0);
  return (result) => results.inc({ result });
}

function cacheMetrics(registry: Registry): Metrics['lookedUp'] {
  const requests = new Counter({
    name: 'mcp_gateway_cache_requests_total',
    help: 'Look-ups in the caches of the auth-server by result',
    labelNames: ['cache', 'result'],
    registers: [registry],
  });
  for (const cache of ['assertion', 'session'])
    for (const result of ['hit', 'miss']) requests.inc({ cache, result }, 0);
  return (cache, hit) => requests.inc({ cache, result: hit ? 'hit' : 'miss' });
}

function policyMetrics(registry: Registry, policy: Parameters<typeof createMetrics>[0]): void {
  const registers = [registry];
  new Gauge({
    name: 'mcp_gateway_policy_info',
    aggregator: 'max',
    help: 'Always 1; the label is the version of the policy in force',
    labelNames: ['version'],
    registers,
    collect() {
      this.reset();
      this.set({ version: policy.version() }, 1);
    },
  });
  new Gauge({
    name: 'mcp_gateway_policy_loaded_timestamp_seconds',
    aggregator: 'max',
    help: 'When the policy in force was read, in seconds since 1970',
    registers,
    collect() {
      this.set(policy.history().loadedAt);
    },
  });
  new Gauge({
    name: 'mcp_gateway_policy_faults',
    aggregator: 'max',
    help: 'Faults of the policy file as it stands now; 0 when it is in force',
    registers,
    collect() {
      this.set(policy.faults().length);
    },
  });
  new Counter({
    name: 'mcp_gateway_policy_reloads_total',
    aggregator: 'max',
    help: 'Changes of the policy file by result; after a failed one the last good policy stays in force',
    labelNames: ['result'],
    registers,
    collect() {
      const { reloads, failed } = policy.history();
      this.reset();
      this.inc({ result: 'ok' }, reloads);
      this.inc({ result: 'failed' }, failed);
    },
  });
}

function keyAgeMetric(registry: Registry): () => void {
  let fetched: number | undefined;
  const age = new Gauge({
    name: 'mcp_gateway_jwks_age_seconds',
    aggregator: 'max',
    help: 'Seconds since the keys of the user pool were last fetched; absent until they have been',
    registers: [registry],
    collect() {
      if (fetched !== undefined) this.set((performance.now() - fetched) / 1000);
    },
  });
  // A gauge without labels starts at 0, which would mean that the keys have just been fetched.
  age.remove();
  return () => {
    fetched = performance.now();
  };
}
