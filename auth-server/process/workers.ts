import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../common/service/log.ts';
import { createSharedMetrics } from '../decisions/shared-metrics.ts';

/** A worker that ran this long was healthy: its replacement starts without a pause. */
const healthyMilliseconds = 10_000;
const longestPauseMilliseconds = 5_000;

/**
 * Starts workers (this same program, by node:cluster), and replaces each one that ends: at once, or after a pause that
 * doubles while workers end soon after their start. Each worker reads policy, sessions and revocations by itself, like
 * auth-servers on several machines. Workers share no state, so a crash of one does not affect the others.
 * @param stopMilliseconds how long a worker may take to stop
 * @returns with the sum of their metrics
 */
export function createWorkers(count: number, stopMilliseconds: number, log: Logger) {
  let stopping = false;
  const metrics = createSharedMetrics();
  const fork = () => {
    const worker = cluster.fork();
    metrics.add(worker);
    return worker;
  };
  const keep = async (slot: number, first: Worker) => {
    let worker = first;
    for (let pause = 0; ; worker = fork()) {
      const started = performance.now();
      const ended = await endOf(worker);
      if (stopping) return;
      if (performance.now() - started >= healthyMilliseconds) pause = 0;
      const { pid } = worker.process;
      log.error({ worker: slot, pid, ...ended, pause }, 'a worker has ended; another one is started');
      await sleep(pause, undefined, { ref: false });
      if (stopping) return;
      pause = Math.min(pause === 0 ? 100 : pause * 2, longestPauseMilliseconds);
    }
  };
  const slots: Promise<void>[] = [];
  return {
    metrics,
    /** @throws if the first worker does not start: then none would, and its own message has the reason */
    async start() {
      // The first one alone: it creates the tables and the key, and reports an invalid setting once.
      const first = fork();
      const up = await isUp(first);
      if (stopping) return;
      if (!up) throw new Error('the auth-server cannot start; the message before this one has the reason');
      slots.push(keep(1, first));
      for (let slot = 2; slot <= count; slot++) slots.push(keep(slot, fork()));
      log.info({ workers: count }, 'workers answer requests');
    },
    /** Lets each worker finish its open requests. */
    async stop() {
      stopping = true;
      const all = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
      for (const worker of all) worker.process.kill('SIGTERM');
      const late = setTimeout(() => {
        for (const worker of all) worker.process.kill('SIGKILL');
      }, stopMilliseconds);
      await Promise.all(slots);
      clearTimeout(late);
    },
  };
}

async function isUp(worker: Worker): Promise<boolean> {
  return await Promise.race([once(worker, 'listening').then(() => true), endOf(worker).then(() => false)]);
}

async function endOf(worker: Worker): Promise<{ code: number | null; signal: string | null }> {
  const [code, signal] = await once(worker, 'exit');
  return { code, signal };
}
