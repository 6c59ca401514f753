import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { type Bystander, machine, watch } from './bystanders.ts';

/** The bystanders run in a thread of their own: what the hostile server and its readers cost must not count as waiting. */
const { url, bystanders, pause } = workerData as { url: string; bystanders: readonly Bystander[]; pause: number };
const over = new AbortController();
parentPort?.once('message', () => over.abort());

/** One more asks a server in this thread: it waits as long as the machine is busy, whatever the gateway does. */
const server = createServer((_req, res) => res.end('x'));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const own = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
const met = await Promise.all([
  watch(new URL(url), bystanders, pause, over.signal),
  watch(own, [{ name: machine, sent: { method: 'GET', path: '/' } }], pause, over.signal),
]);
server.close();
parentPort?.postMessage(met.flat());
