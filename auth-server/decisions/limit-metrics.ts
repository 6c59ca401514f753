import { Gauge, type Registry } from 'prom-client';

/** What is measured of the counts of limits. */
export interface LimitCounts {
  /** Undefined while the policy has no limits. */
  state(): 'shared' | 'alone' | undefined;
  /** Counts in memory. */
  size(): number;
}

/** Shows how calls are counted. How many were refused is in `mcp_gateway_decisions_total`, by the reason `limit_reached`. */
export function limitMetrics(registry: Registry, { state, size }: LimitCounts): void {
  const alone = new Gauge({
    name: 'mcp_gateway_limits_alone',
    aggregator: 'max',
    help: '1 while a process counts calls alone, because the database does not answer; absent while the policy has no limits',
    registers: [registry],
    collect() {
      const now = state();
      if (now === undefined) this.remove();
      else this.set(now === 'alone' ? 1 : 0);
    },
  });
  alone.remove();
  new Gauge({
    name: 'mcp_gateway_limit_counts',
    aggregator: 'sum',
    help: 'Counts of calls in memory, one for each limit and caller; bounded',
    registers: [registry],
    collect() {
      this.set(size());
    },
  });
}
