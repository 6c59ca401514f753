import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { AggregatorRegistry, Registry } from 'prom-client';
import * as z from 'zod';
import type { Shown } from '../../common/service/metrics-endpoint.ts';
import type { MetricValues } from './metrics.ts';

/** The supervisor's message to a worker, and the worker's answer. */
const question = 'metrics?';
const answer = z.object({ metrics: z.custom<MetricValues>(Array.isArray) });

const longestWaitMilliseconds = 1_000;
/** Metrics of a process itself mean nothing once it has ended. */
const ofProcess = /^(?:process|nodejs)_/;

/** In a worker: answers the supervisor's questions for metrics. Does nothing in a process that has no supervisor. */
export function shareMetrics(metrics: { json(): Promise<MetricValues> }): void {
  if (!cluster.isWorker) return;
  process.on('message', async (message) => {
    if (message === question) process.send?.({ metrics: await metrics.json() });
  });
}

/**
 * The sum of the metrics of several workers. The last values of a worker that has ended stay in the sum: to Prometheus,
 * a counter that goes down has been reset. The last values also stand in for a worker that does not answer.
 */
export function createSharedMetrics(): Shown & { add(worker: Worker): void } {
  const alive = new Map<Worker, MetricValues>();
  let ended: MetricValues[] = [];
  const ask = async (worker: Worker) => {
    if (!worker.isConnected()) return;
    const answered = new Promise<void>((resolve) => {
      worker.on('message', function listen(message: unknown) {
        const { success, data } = answer.safeParse(message);
        if (!success) return;
        worker.off('message', listen);
        alive.set(worker, data.metrics);
        resolve();
      });
    });
    worker.send(question, () => undefined);
    await Promise.race([answered, sleep(longestWaitMilliseconds, undefined, { ref: false })]);
  };
  return {
    contentType: new Registry().contentType,
    add(worker) {
      alive.set(worker, []);
      worker.once('exit', () => {
        const last = alive.get(worker) ?? [];
        alive.delete(worker);
        ended.push(last.filter(({ name, type }) => String(type) !== 'gauge' && !ofProcess.test(name)));
      });
    },
    async text() {
      await Promise.all([...alive.keys()].map(ask));
      if (ended.length > 1) ended = [await AggregatorRegistry.aggregate(ended).getMetricsAsJSON()];
      return await AggregatorRegistry.aggregate([...alive.values(), ...ended]).metrics();
    },
  };
}
