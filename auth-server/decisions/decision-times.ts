import type { Metric, Registry } from 'prom-client';

/** Upper bounds of the buckets in seconds: from 50 µs, a decision out of the caches, to the 2 s after which nginx gives up. */
const bounds = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 2];
const verdicts = ['allow', 'deny'] as const;

type Verdict = (typeof verdicts)[number];

const name = 'mcp_gateway_decision_seconds';

/**
 * The time that decisions take, as a Prometheus histogram. prom-client's own puts labels together and looks them up for
 * each value, which takes longer than all else that is measured of a decision; here the numbers are put into its form at
 * the scrape.
 * @returns notes how many seconds one decision took
 */
export function measureDecisions(registry: Registry): (verdict: Verdict, seconds: number) => void {
  const times = {
    allow: { counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 },
    deny: { counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 },
  };
  const valuesOf = (verdict: Verdict) => {
    const { counts, sum } = times[verdict];
    let count = 0;
    const buckets = counts.map((more, i) => {
      count += more;
      return { labels: { le: bounds[i] ?? '+Inf', verdict }, value: count, metricName: `${name}_bucket` };
    });
    return [
      ...buckets,
      { labels: { verdict }, value: sum, metricName: `${name}_sum` },
      { labels: { verdict }, value: count, metricName: `${name}_count` },
    ];
  };
  const metric = {
    name,
    get: async () => ({
      name,
      help: 'Time from the question of nginx to the answer, the reading of the body included',
      type: 'histogram',
      aggregator: 'sum',
      values: verdicts.flatMap(valuesOf),
    }),
  };
  registry.registerMetric(metric as unknown as Metric);
  return (verdict, seconds) => {
    const { counts } = times[verdict];
    let i = 0;
    while (i < bounds.length && seconds > (bounds[i] ?? 0)) i++;
    counts[i] = (counts[i] ?? 0) + 1;
    times[verdict].sum += seconds;
  };
}
