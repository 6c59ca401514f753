import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadData, ThreadPort } from './messages.ts';
import { serveThread } from './serve-thread.ts';

// A thread that was started early gets its data by the first message (threads.ts).
const port = parentPort as ThreadPort;
const data = workerData ?? (await once(port as never, 'message'))[0];
await serveThread(port, data as ThreadData);
