import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { addProcessMetrics } from '../../common/service/process-metrics.ts';
import type { Status } from '../servers/server-health.ts';

const states = ['healthy', 'degraded', 'unhealthy', 'needs-authentication', 'unknown', 'disabled'] as const;
/** From a server on the same machine to two transports that each take the limit of ten seconds. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20];

/** What is read at each scrape: the status of each server, and how many tools wait for approval. */
type Watched = { statuses: () => readonly (typeof states)[number][]; pendingTools: () => number };

/**
 * The registry's metrics, which docs/operations/monitoring.md explains. They are in a registry of their own, so that two
 * services in one process do not share them.
 */
export function createRegistryMetrics({ statuses, pendingTools }: Watched) {
  const registry = new Registry();
  const registers = [registry];
  addProcessMetrics(registry);
  new Gauge({
    name: 'mcp_gateway_registry_servers',
    help: 'Registered servers by status',
    labelNames: ['status'],
    registers,
    collect() {
      const all = statuses();
      for (const status of states) this.set({ status }, all.filter((each) => each === status).length);
    },
  });
  new Gauge({
    name: 'mcp_gateway_registry_tools_waiting',
    help: 'Tools that are new or were changed by their server, and wait for approval',
    registers,
    collect() {
      this.set(pendingTools());
    },
  });
  const checks = new Histogram({
    name: 'mcp_gateway_registry_check_seconds',
    help: 'How long it took to ask a server how it is, by its status afterwards',
    labelNames: ['status'],
    buckets,
    registers,
  });
  const published = new Counter({
    name: 'mcp_gateway_registry_routes_total',
    help: 'Changes of the routes by what nginx made of them',
    labelNames: ['outcome'],
    registers,
  });
  // Exported from the start: an alert on an increase misses a counter that appears later.
  for (const outcome of ['ok', 'unknown', 'refused']) published.inc({ outcome }, 0);
  return {
    checked: (status: Status, seconds: number) => checks.observe({ status }, seconds),
    /** nginx accepted or refused the routes, or did not answer. */
    published: (outcome: 'ok' | 'unknown' | 'refused') => published.inc({ outcome }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
