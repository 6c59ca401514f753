import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../common/service/log.ts';
import type { Shown } from '../../common/service/metrics-endpoint.ts';
import { createSharedMetrics } from '../decisions/shared-metrics.ts';

/** Several processes that answer at the same address, and what to know of them. */
export interface Workers {
  /** The metrics of all of them together. */
  metrics: Shown;
  /** @throws if the first one does not come up: then none would, and its own message says why */
  start(): Promise<void>;
  /** Lets each of them finish what it has begun. */
  stop(): Promise<void>;
}

export interface WorkersOptions {
  count: number;
  log: Logger;
  /** How long a worker may take from being told to stop to being gone, in milliseconds. */
  stopMilliseconds: number;
}

/** A worker that lives this long was in order: whatever ends it afterwards, the next one starts at once. */
const soundMilliseconds = 10_000;
const longestPause = 5_000;

/**
 * Starts workers (this same program, by node:cluster), and a new one for each that ends: at once, or after a pause that
 * doubles for one that ends soon after it has started. Each reads policy, sessions and revocations by itself, as
 * auth-servers on several machines do; nothing that decides anything is shared, so that one that dies takes nothing along.
 */
export function createWorkers({ count, log, stopMilliseconds }: WorkersOptions): Workers {
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
      if (performance.now() - started >= soundMilliseconds) pause = 0;
      log.error(
        { worker: slot, pid: worker.process.pid, ...ended, pause },
        'a worker has ended; another one is started',
      );
      await sleep(pause, undefined, { ref: false });
      if (stopping) return;
      pause = Math.min(pause === 0 ? 100 : pause * 2, longestPause);
    }
  };
  const slots: Promise<void>[] = [];
  return {
    metrics,
    async start() {
      // The first one alone: it makes the tables and the key, and a fault in the settings is told once.
      const first = fork();
      const up = await isUp(first);
      if (stopping) return;
      if (!up) throw new Error('the auth-server cannot be started; the message before this one says why');
      slots.push(keep(1, first));
      for (let slot = 2; slot <= count; slot++) slots.push(keep(slot, fork()));
      log.info({ workers: count }, 'workers answer requests');
    },
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
  const up = new Promise<boolean>((resolve) => worker.once('listening', () => resolve(true)));
  return await Promise.race([up, endOf(worker).then(() => false)]);
}

function endOf(worker: Worker): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve) => {
    worker.once('exit', (code, signal) => resolve({ code, signal }));
  });
}
