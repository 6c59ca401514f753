import type { Logger } from '../../../common/service/log.ts';
import { eventText } from '../event.ts';
import type { MeasuredCall } from '../outside/measured-call.ts';
import type { RecordKeeper } from '../record.ts';
import { newIdentity } from '../write/identity.ts';
import type { FromThread, StartThread } from './messages.ts';
import { createOutbox } from './outbox.ts';
import type { AuditPlace } from './place.ts';
import type { Questions } from './questions.ts';
import { keepThread, startWorker } from './threads.ts';

/** The audit of this process: writes records, and answers questions about those of all processes. */
export interface Audit extends RecordKeeper {
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
  /** Receives calls when nginx has seen them end. */
  called?: (calls: readonly MeasuredCall[]) => void;
  flushMilliseconds?: number;
  /** Starts the thread; replaced in tests. */
  start?: StartThread;
  restartMilliseconds?: number;
}

/**
 * Opens the audit. One thread does everything that touches its database, so that neither writing nor a heavy query delays a
 * decision. A thread that dies is started again, and gets what it has not confirmed.
 * @throws {ConfigError} if its files cannot be written
 * @throws what the database threw, if it cannot be opened
 */
export async function openAudit(place: AuditPlace, options: AuditOptions): Promise<Audit> {
  // What is logged here are own fields; elsewhere `code` is a credential, and dropped.
  const log = options.log.child({}, { redact: [] });
  const {
    called = () => undefined,
    flushMilliseconds = 1_000,
    start = startWorker,
    restartMilliseconds = 1_000,
  } = options;
  const answers = createAnswers();
  const outbox = createOutbox((batch) => thread.post({ batch }));
  const receive = (message: FromThread) => {
    if ('written' in message) outbox.written(message.written);
    else if ('calls' in message) called(message.calls);
    else if ('report' in message) {
      const { level, code, message: text, err, fields } = message.report;
      log[level]({ reason: code, ...fields, ...(err !== undefined && { err }) }, text);
    } else if ('answer' in message) {
      answers.settle(message);
      if (answers.waiting() === 0) thread.unref();
    }
  };
  const thread = keepThread({
    start: () => start({ place, identity }),
    receive,
    started: outbox.sendAgain,
    ended: answers.rejectAll,
    restartMilliseconds,
    log,
  });
  const identity = newIdentity();
  outbox.add(eventText('audit/start', {}, {}));
  await thread.run();
  const timer = setInterval(outbox.flush, flushMilliseconds).unref();
  return {
    add: outbox.add,
    ask(question, input) {
      if (!thread.isRunning()) return Promise.reject(new Error('the thread of the audit is being started'));
      outbox.flushAll();
      const { ask, answer } = answers.expect();
      thread.ref();
      thread.post({ ask, question, input });
      return answer as never;
    },
    async close() {
      clearInterval(timer);
      outbox.add(eventText('audit/stop', {}, {}));
      outbox.flushAll();
      await thread.close();
      const records = outbox.unwritten();
      if (records > 0) log.error({ reason: 'audit_unwritten', records }, 'records were not written to the audit');
    },
  };
}

/** Questions that wait for their answer. */
function createAnswers() {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  let last = 0;
  return {
    waiting: () => waiting.size,
    expect() {
      const ask = ++last;
      const answer = new Promise<unknown>((resolve, reject) => waiting.set(ask, { resolve, reject }));
      return { ask, answer };
    },
    settle(message: Extract<FromThread, { answer: number }>) {
      const asked = waiting.get(message.answer);
      waiting.delete(message.answer);
      if ('error' in message) asked?.reject(message.error);
      else asked?.resolve(message.value);
    },
    rejectAll() {
      for (const { reject } of waiting.values()) reject(new Error('the thread of the audit has ended'));
      waiting.clear();
    },
  };
}
