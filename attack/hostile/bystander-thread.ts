import { parentPort, workerData } from 'node:worker_threads';
import { type Bystander, watch } from './bystanders.ts';

/** The bystanders run in a thread of their own: what the hostile server and its readers cost must not count as waiting. */
const { url, bystanders } = workerData as { url: string; bystanders: readonly Bystander[] };
const over = new AbortController();
parentPort?.once('message', () => over.abort());
parentPort?.postMessage(await watch(new URL(url), bystanders, over.signal));
