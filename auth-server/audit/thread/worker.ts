import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadData, ThreadPort } from './messages.ts';
import { serveThread } from './serve-thread.ts';

await serveThread(parentPort as ThreadPort, workerData as ThreadData);
