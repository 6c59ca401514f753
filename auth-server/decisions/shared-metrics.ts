import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { AggregatorRegistry, Registry } from 'prom-client';
import * as z from 'zod';
import type { Shown } from '../../common/service/metrics-endpoint.ts';

/** All metrics of a process as prom-client hands them out. */
export type Told = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** What a worker is asked for, and what it answers. */
const question = 'metrics?';
const answer = z.object({ metrics: z.custom<Told>(Array.isArray) });

const longestWait = 1_000;
/** What a process tells about itself says nothing once it is gone. */
const ofProcess = /^(?:process|nodejs)_/;

/** In a worker: tells the metrics to the process that shows those of all. Does nothing in a process of its own. */
export function tellMetrics(metrics: { json(): Promise<Told> }): void {
  if (!cluster.isWorker) return;
  process.on('message', async (message) => {
    if (message === question) process.send?.({ metrics: await metrics.json() });
  });
}

/**
 * The metrics of several workers as those of one service: counters are added up. One that has died stays in the sum with
 * what it said last, because a counter that goes down looks to Prometheus as if it had begun anew. One that does not
 * answer counts with what it said last, too.
 */
export function createSharedMetrics(): Shown & { add(worker: Worker): void } {
  const alive = new Map<Worker, Told>();
  let gone: Told[] = [];
  const ask = async (worker: Worker) => {
    if (!worker.isConnected()) return;
    const told = new Promise<void>((resolve) => {
      worker.on('message', function listen(message: unknown) {
        const { success, data } = answer.safeParse(message);
        if (!success) return;
        worker.off('message', listen);
        alive.set(worker, data.metrics);
        resolve();
      });
    });
    worker.send(question, () => undefined);
    await Promise.race([told, sleep(longestWait, undefined, { ref: false })]);
  };
  return {
    contentType: new Registry().contentType,
    add(worker) {
      alive.set(worker, []);
      worker.once('exit', () => {
        const said = alive.get(worker) ?? [];
        alive.delete(worker);
        gone.push(said.filter(({ name, type }) => String(type) !== 'gauge' && !ofProcess.test(name)));
      });
    },
    async text() {
      await Promise.all([...alive.keys()].map(ask));
      if (gone.length > 1) gone = [await AggregatorRegistry.aggregate(gone).getMetricsAsJSON()];
      return await AggregatorRegistry.aggregate([...alive.values(), ...gone]).metrics();
    },
  };
}
