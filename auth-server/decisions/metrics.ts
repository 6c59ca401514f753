import { Counter, Gauge, Registry } from 'prom-client';
import type { PolicyWatch } from '../../common/policy/policy-watch.ts';
import { addProcessMetrics } from '../../common/service/process-metrics.ts';
import type { AuditEntry } from './decision-log.ts';
import { measureDecisions } from './decision-times.ts';
import type { Told } from './shared-metrics.ts';

/** What the auth-server counts about itself. Every metric is explained in docs/operations/monitoring.md. */
export interface Metrics {
  /**
   * Counts one decision.
   * @param seconds how long it took
   */
  decided(entry: AuditEntry, seconds: number): void;
  /** Counts one look-up in a cache. */
  lookedUp(cache: 'assertion' | 'session', hit: boolean): void;
  /** The user pool's keys have just been fetched. */
  keysFetched(): void;
  /** All metrics as values, for the process that shows those of several. */
  json(): Promise<Told>;
  /** All metrics in the Prometheus text format 0.0.4, and its media type. */
  text(): Promise<string>;
  contentType: string;
}

/** As many servers get a label of their own; a gateway that routes more still answers a scrape in time. */
const mostServers = 1_000;

/**
 * Metrics in a registry of their own, so that two services in one process do not share them.
 * @param policy the watch on the policy file, asked at each scrape
 * @param secretFaults faults of the file of upstream secrets as it stands
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
    lookedUp: cacheMetrics(registry),
    keysFetched: keyAgeMetric(registry),
    json: () => registry.getMetricsAsJSON(),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function decisionMetrics(registry: Registry): Metrics['decided'] {
  const registers = [registry];
  const decisions = countedElsewhere(registers, {
    name: 'mcp_gateway_decisions_total',
    help: 'Decisions by verdict, reason of a denial, and server as far as it is routed and the caller known',
    labelNames: ['verdict', 'reason', 'server'],
  });
  const measured = measureDecisions(registry);
  const counters = new Map<string, Count>();
  const servers = new Set<string>();
  return (entry, took) => {
    const verdict = entry.error ? 'deny' : 'allow';
    const reason = entry.error?.code ?? '';
    const server = serverLabel(entry, servers);
    const key = reason === '' ? server : `${reason} ${server}`;
    let counter = counters.get(key);
    if (!counter) {
      counter = decisions({ verdict, reason, server });
      counters.set(key, counter);
    }
    counter.count++;
    measured(verdict, took);
  };
}

/**
 * A caller must not be able to make up labels: each stays in memory, here and in Prometheus, for good. So only routed
 * servers have one, only once the caller is known, and only so many.
 */
function serverLabel({ request, principal }: AuditEntry, servers: Set<string>): string {
  if (!principal || !request) return '';
  const { target } = request;
  // A reserved name: no server can be called so.
  if (target.resource === 'registry') return 'registry';
  if (!target.routed) return '';
  if (servers.has(target.server)) return target.server;
  if (servers.size >= mostServers) return '(other)';
  servers.add(target.server);
  return target.server;
}

function cacheMetrics(registry: Registry): Metrics['lookedUp'] {
  const requests = countedElsewhere([registry], {
    name: 'mcp_gateway_cache_requests_total',
    help: 'Look-ups in the caches of the auth-server by result',
    labelNames: ['cache', 'result'],
  });
  const of = (cache: string) => ({
    hit: requests({ cache, result: 'hit' }),
    miss: requests({ cache, result: 'miss' }),
  });
  const counters = { assertion: of('assertion'), session: of('session') };
  return (cache, hit) => {
    counters[cache][hit ? 'hit' : 'miss'].count++;
  };
}

interface Count {
  count: number;
}

/**
 * A counter whose numbers are handed over at the scrape: prom-client's own `inc` puts the labels together each time,
 * which costs a request more than all else that is measured here.
 * @returns makes the number for one set of labels
 */
function countedElsewhere<T extends string>(
  registers: Registry[],
  { name, help, labelNames }: { name: string; help: string; labelNames: T[] },
): (labels: Record<T, string>) => Count {
  const counts: (Count & { labels: Record<T, string> })[] = [];
  new Counter<T>({
    name,
    help,
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { labels, count } of counts) this.inc(labels, count);
    },
  });
  return (labels) => {
    const count = { labels, count: 0 };
    counts.push(count);
    return count;
  };
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
  // A gauge without labels starts at 0, which would say that the keys have just been fetched.
  age.remove();
  return () => {
    fetched = performance.now();
  };
}
