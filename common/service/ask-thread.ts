import { setFlagsFromString } from 'node:v8';
import { type ResourceLimits, Worker } from 'node:worker_threads';

export interface ThreadOptions {
  /** The module that the thread runs. It posts one message. */
  file: URL;
  resourceLimits?: ResourceLimits;
  /** How long it may take, and the error after that. Default: for ever. */
  longest?: { milliseconds: number; error: () => Error };
}

/**
 * Runs a module on a thread of its own, which does not keep the process alive.
 * @param workerData what the module is given
 * @returns its first message
 * @throws what the module throws, the error of `longest`, and an error if it ends without a message
 */
export function askThread<T>({ file, resourceLimits, longest }: ThreadOptions, workerData: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    // A limit of this process (launch/services.ts) would count instead. It keeps its own, which V8 read at its start.
    if (resourceLimits) setFlagsFromString('--max-old-space-size=0');
    const thread = new Worker(file, { workerData, ...(resourceLimits && { resourceLimits }) });
    thread.unref();
    const tooLong = () => {
      reject(longest?.error());
      void thread.terminate();
    };
    const timer = longest && setTimeout(tooLong, longest.milliseconds).unref();
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', () => {
      clearTimeout(timer);
      reject(new Error('the thread has ended without an answer'));
    });
  });
}

/**
 * Makes a queue in front of {@link askThread}: one thread at a time.
 * @param mostWaiting jobs that wait or run; the error of `longest` refuses further ones
 */
export function createThreadQueue(
  options: ThreadOptions & Required<Pick<ThreadOptions, 'longest'>>,
  mostWaiting: number,
) {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async <T>(workerData: unknown): Promise<T> => {
    if (waiting >= mostWaiting) throw options.longest.error();
    waiting++;
    const mine = last.then(() => askThread<T>(options, workerData));
    last = mine.catch(() => undefined).finally(() => waiting--);
    return await mine;
  };
}
