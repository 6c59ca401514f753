import type { MeasuredCall } from '../outside/measured-call.ts';
import type { WriterIdentity } from '../write/identity.ts';
import type { Batch } from '../write/writer.ts';
import type { AuditPlace } from './place.ts';
import type { Questions } from './questions.ts';
import type { Report } from './report.ts';

/** What a thread is started with. */
export interface ThreadData {
  place: AuditPlace;
  identity: WriterIdentity;
}

/** What the main thread says: records to write, a question, or that the thread is to write what it has and end. */
export type ToThread = { batch: Batch } | { ask: number; question: keyof Questions; input: unknown } | { close: true };

/** What the thread says. `failed`: it cannot start, and ends; `faults` are those of a ConfigError. */
export type FromThread =
  | { ready: true }
  | { failed: unknown; faults?: readonly string[] }
  | { written: number }
  | { answer: number; value: unknown }
  | { answer: number; error: unknown }
  | { calls: MeasuredCall[] }
  | { report: Report };

/** A thread, as the main thread uses it: `Worker` of node:worker_threads. */
export interface Thread {
  postMessage(message: ToThread): void;
  on(event: 'message', listener: (message: FromThread) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  ref(): void;
  unref(): void;
  terminate(): unknown;
}

export type StartThread = (data: ThreadData) => Thread;

/** The thread's end of the line: `parentPort`. */
export interface ThreadPort {
  postMessage(message: FromThread): void;
  on(event: 'message', listener: (message: ToThread) => void): unknown;
  close(): void;
}
