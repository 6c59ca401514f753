import { collectDefaultMetrics, Registry } from 'prom-client';

let ofProcess: Registry | undefined;

/**
 * Adds the metrics of this process (CPU, memory, event loop, garbage collection) to a service's registry.
 *
 * They are collected once per process: prom-client never disconnects its observer of garbage collections, and that
 * observer keeps a registry and everything its gauges read.
 */
export function addProcessMetrics(registry: Registry): void {
  if (!ofProcess) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  for (const { name } of ofProcess.getMetricsAsArray()) {
    const metric = ofProcess.getSingleMetric(name);
    if (metric) registry.registerMetric(metric);
  }
}
