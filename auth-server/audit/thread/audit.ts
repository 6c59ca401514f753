import { randomBytes, randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Logger } from '../../../common/service/log.ts';
import { ConfigError } from '../../../common/text/config-error.ts';
import { type AuditEvent, type KnownCaller, recordText } from '../record.ts';
import type { WriterIdentity } from '../write/writer.ts';
import type { FromThread, Thread, ThreadData } from './messages.ts';
import { createOutbox } from './outbox.ts';
import type { AuditPlace } from './place.ts';
import type { Questions } from './questions.ts';

/** The audit of this process: writes records, and answers questions about those of all processes. */
export interface Audit {
  /**
   * Adds a record, which is stored within a second. No I/O.
   * @param record as `recordText` makes it
   * @param caller whom the record names as its caller
   */
  add(record: string, caller?: KnownCaller): void;
  /**
   * Asks the thread. What was added before is in the answer.
   * @throws what the database threw
   */
  ask<Q extends keyof Questions>(
    question: Q,
    input: Parameters<Questions[Q]>[0],
  ): Promise<Awaited<ReturnType<Questions[Q]>>>;
  /** Writes everything, and a record that the process has ended. */
  close(): Promise<void>;
}

interface AuditOptions {
  log: Logger;
  flushMilliseconds?: number;
  /** Starts the thread; replaced in tests. */
  start?: (data: ThreadData) => Thread;
}

const restartMilliseconds = 1_000;
/** The supervisor of workers waits for five seconds in all (process/supervise.ts). */
const closeMilliseconds = 3_000;

/**
 * Opens the audit. One thread does everything that touches its database, so that neither writing nor a heavy query delays a
 * decision. A thread that dies is started again, and gets what it has not confirmed.
 * @throws {ConfigError} if its files cannot be written
 * @throws what the database threw, if it cannot be opened
 */
export async function openAudit(place: AuditPlace, options: AuditOptions): Promise<Audit> {
  const { log, flushMilliseconds = 1_000, start = startWorker } = options;
  const data = { place, identity: newIdentity() };
  let thread: Thread | undefined;
  let asked = 0;
  const answers = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>();
  let closing: (() => void) | undefined;
  const outbox = createOutbox((batch) => thread?.postMessage({ batch }));
  const settle = (
    number: number,
    act: (answer: { resolve: (v: never) => void; reject: (e: unknown) => void }) => void,
  ) => {
    const answer = answers.get(number);
    answers.delete(number);
    if (answers.size === 0 && !closing) thread?.unref();
    if (answer) act(answer);
  };
  const receive = (message: FromThread) => {
    if ('written' in message) outbox.written(message.written);
    else if ('answer' in message)
      settle(message.answer, ({ resolve, reject }) =>
        'error' in message ? reject(message.error) : resolve(message.value as never),
      );
    else if ('report' in message) {
      const { level, code, message: text, err, fields } = message.report;
      log[level]({ code, ...fields, ...(err !== undefined && { err }) }, text);
    }
  };
  const ended = (wait: number) => {
    thread = undefined;
    for (const number of [...answers.keys()])
      settle(number, ({ reject }) => reject(new Error('the thread of the audit has ended')));
    if (closing) return closing();
    setTimeout(() => void restart(wait), wait).unref();
  };
  const run = async () => {
    const started = await startThread(start, data, receive);
    thread = started.thread;
    outbox.sendAgain();
    started.onExit((error) => {
      if (!closing)
        log.error({ code: 'audit_thread', err: error }, 'the thread of the audit has ended; it is started again');
      ended(restartMilliseconds);
    });
  };
  const restart = async (wait: number) => {
    if (closing) return closing();
    await run().catch((err) => {
      log.error({ code: 'audit_thread', err }, 'the thread of the audit cannot be started');
      ended(Math.min(2 * wait, 30_000));
    });
  };
  const event = (method: AuditEvent) => outbox.add(recordText({ verdict: 'allow', at: Date.now(), method }));
  event('audit/start');
  await run();
  const timer = setInterval(() => outbox.flush(), flushMilliseconds).unref();
  return {
    add: outbox.add,
    ask(question, input) {
      return new Promise((resolve, reject) => {
        if (!thread) return reject(new Error('the thread of the audit is being started'));
        outbox.flushAll();
        answers.set(++asked, { resolve, reject });
        thread.ref();
        thread.postMessage({ ask: asked, question, input });
      });
    },
    async close() {
      clearInterval(timer);
      event('audit/stop');
      outbox.flushAll();
      await new Promise<void>((resolve) => {
        closing = resolve;
        if (!thread) return resolve();
        thread.ref();
        thread.postMessage({ close: true });
        setTimeout(resolve, closeMilliseconds).unref();
      });
      await thread?.terminate();
      const records = outbox.unwritten();
      if (records > 0) log.error({ code: 'audit_unwritten', records }, 'records were not written to the audit');
    },
  };
}

function newIdentity(): WriterIdentity {
  const [id, name] = [randomInt(1, 2 ** 31 - 1), randomBytes(16).toString('hex')];
  return { id, name, host: hostname(), pid: process.pid, startedAt: Date.now() };
}

function startWorker(workerData: ThreadData): Thread {
  return new Worker(new URL('./worker.ts', import.meta.url), { workerData });
}

/** @returns the thread once it has opened the database. @throws why it could not */
function startThread(start: (data: ThreadData) => Thread, data: ThreadData, receive: (message: FromThread) => void) {
  return new Promise<{ thread: Thread; onExit: (listener: (error: unknown) => void) => void }>((resolve, reject) => {
    const thread = start(data);
    let failure: unknown;
    let exited: (error: unknown) => void = (error) => reject(error ?? new Error('the thread has ended'));
    thread.on('message', (message) => {
      if ('failed' in message) reject(message.faults ? new ConfigError(message.faults) : message.failed);
      else if (!('ready' in message)) receive(message);
      else {
        thread.unref();
        const onExit = (listener: typeof exited) => {
          exited = listener;
        };
        resolve({ thread, onExit });
      }
    });
    thread.on('error', (error) => {
      failure = error;
    });
    thread.on('exit', () => exited(failure));
  });
}
