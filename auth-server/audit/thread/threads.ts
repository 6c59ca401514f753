import { Worker } from 'node:worker_threads';
import type { Logger } from '../../../common/service/log.ts';
import { ConfigError } from '../../../common/text/config-error.ts';
import type { FromThread, StartThread, Thread, ToThread } from './messages.ts';

interface KeptThread {
  start: () => Thread;
  receive: (message: FromThread) => void;
  /** Called when the thread is ready, at the start and after each restart. */
  started: () => void;
  /** Called when the thread has ended. */
  ended: () => void;
  restartMilliseconds: number;
  log: Logger;
}

/** The supervisor of workers waits for five seconds in all (process/supervise.ts). */
const closeMilliseconds = 3_000;
const longestRestartMilliseconds = 30_000;

const file = new URL('./worker.ts', import.meta.url);

/** Starts a thread of its own, which does not keep the process alive. */
export const startWorker: StartThread = (workerData) => new Worker(file, { workerData });

/**
 * Starts a thread before its data are known: it loads its modules while this process loads its own.
 * @returns gives the data to that thread, and later to new ones
 */
export function startEarly(): StartThread {
  let early: Worker | undefined = new Worker(file);
  return (data) => {
    if (!early) return startWorker(data);
    const thread = early;
    early = undefined;
    thread.postMessage(data);
    return thread;
  };
}

/** Keeps a thread running: when it dies, that is reported, and it is started again. */
export function keepThread({ start, receive, started, ended, restartMilliseconds, log }: KeptThread) {
  let thread: Thread | undefined;
  let closed: (() => void) | undefined;
  const run = async () => {
    const ready = await startThread(start, receive);
    ready.onExit((err) => {
      thread = undefined;
      ended();
      if (closed) return closed();
      log.error({ reason: 'audit_thread', err }, 'the thread of the audit has ended; it is started again');
      restartAfter(restartMilliseconds);
    });
    thread = ready.thread;
    started();
    if (closed) thread.postMessage({ close: true });
  };
  const restartAfter = (wait: number) => {
    const restart = () =>
      run().catch((err) => {
        log.error({ reason: 'audit_thread', err }, 'the thread of the audit cannot be started; it is tried again');
        if (!closed) restartAfter(Math.min(2 * wait, longestRestartMilliseconds));
      });
    setTimeout(() => void restart(), wait).unref();
  };
  return {
    /** Starts it. @throws why it could not start */
    run,
    isRunning: () => thread !== undefined,
    post: (message: ToThread) => thread?.postMessage(message),
    /** While there is something to wait for, the process must not end. */
    ref: () => thread?.ref(),
    unref: () => thread?.unref(),
    /** Lets it write what it has, and ends it. */
    async close(): Promise<void> {
      await new Promise<void>((resolve) => {
        closed = resolve;
        setTimeout(resolve, closeMilliseconds).unref();
        thread?.ref();
        thread?.postMessage({ close: true });
        if (!thread) resolve();
      });
      await thread?.terminate();
    },
  };
}

/** @returns the thread once it is ready. @throws why it is not */
function startThread(start: () => Thread, receive: (message: FromThread) => void) {
  return new Promise<{ thread: Thread; onExit: (listener: (error: unknown) => void) => void }>((resolve, reject) => {
    const thread = start();
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
