import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../../../common/text/config-error.ts';
import type { Batch } from '../write/writer.ts';
import { type Engine, openEngine } from './engine.ts';
import type { ThreadData, ThreadPort, ToThread } from './messages.ts';
import type { Report } from './report.ts';

const retryMilliseconds = 1_000;
/** Records of one transaction, if that many wait: each ends with a write to the disk. */
const mostAtOnce = 1_000;
/** An unwritable database is reported once, and again after this time. */
const tellAgainMilliseconds = 60_000;

/** The work of the thread: writes batches in order, again and again until each is written, and answers questions. */
export async function serveThread(port: ThreadPort, { place, identity }: ThreadData): Promise<void> {
  const report = (what: Report) => port.postMessage({ report: { ...what, err: asPlain(what.err) } });
  const waiting: ToThread[] = [];
  let receive: (message: ToThread) => void = (message) => void waiting.push(message);
  port.on('message', (message) => receive(message));
  let engine: Engine;
  try {
    engine = await openEngine(place, identity, report, (calls) => port.postMessage({ calls }));
  } catch (error) {
    const faults = error instanceof ConfigError ? { faults: error.faults } : undefined;
    port.postMessage({ failed: asPlain(error), ...faults });
    return port.close();
  }
  port.postMessage({ ready: true });
  const queue = createQueue(engine, (written) => port.postMessage({ written }), report);
  const end = async () => {
    await queue.close();
    await engine.close();
    port.close();
  };
  const answer = async (message: Extract<ToThread, { ask: number }>) => {
    const { ask, question, input } = message;
    try {
      // What was added before the question is in the answer.
      await queue.drain();
      port.postMessage({ answer: ask, value: await engine.ask(question, input as never) });
    } catch (error) {
      port.postMessage({ answer: ask, error: asPlain(error) });
    }
  };
  receive = (message) => {
    if ('batch' in message) queue.add(message.batch);
    else if ('ask' in message) void answer(message);
    else void end();
  };
  for (const message of waiting) receive(message);
}

/** Batches that wait to be written. */
function createQueue(engine: Engine, written: (number: number) => void, report: (report: Report) => void) {
  const batches: Batch[] = [];
  let draining: Promise<void> | undefined;
  let retrying: NodeJS.Timeout | undefined;
  let toldAt = Number.NEGATIVE_INFINITY;
  const writeAll = async () => {
    while (batches.length > 0) {
      // Lets in what has arrived meanwhile.
      await immediate();
      const some = joined(batches);
      if (!some) return;
      await engine.write(some.batch);
      batches.splice(0, some.count);
      if (toldAt > 0) report({ level: 'info', code: 'audit_written', message: 'the audit can be written again' });
      toldAt = Number.NEGATIVE_INFINITY;
      written(some.last);
    }
  };
  const drain = () => {
    draining ??= writeAll().finally(() => {
      draining = undefined;
    });
    return draining;
  };
  const failed = (err: unknown) => {
    retrying ??= setTimeout(() => {
      retrying = undefined;
      drain().catch(failed);
    }, retryMilliseconds);
    if (performance.now() - toldAt < tellAgainMilliseconds) return;
    toldAt = performance.now();
    const todo = 'records wait in memory; the log has them too';
    report({ level: 'error', code: 'audit_unwritable', message: `the audit cannot be written: ${todo}`, err });
  };
  return {
    add(batch: Batch) {
      batches.push(batch);
      if (!retrying) drain().catch(failed);
    },
    /** Tries to write all that wait. @throws what the database threw */
    drain,
    /** Writes all that wait, or reports what is not written. */
    async close() {
      clearTimeout(retrying);
      const again = () => sleep(retryMilliseconds).then(drain);
      await drain()
        .catch(again)
        .catch((err) => {
          const records = batches.reduce((all, batch) => all + recordsIn(batch), 0);
          const message = 'records were not written to the audit before the end; the log has them';
          report({ level: 'error', code: 'audit_unwritten', message, err, fields: { records } });
        });
    },
  };
}

function recordsIn({ texts }: Batch): number {
  return texts.split('\n').length;
}

/** The first batches as one, as many as are written in one transaction. */
function joined(batches: readonly Batch[]): { batch: Batch; count: number; last: number } | undefined {
  const [first] = batches;
  if (!first) return undefined;
  const some: Batch[] = [];
  let next = first.from;
  for (const batch of batches) {
    const end = next + recordsIn(batch);
    if (batch.from !== next || (some.length > 0 && end - first.from > mostAtOnce)) break;
    some.push(batch);
    next = end;
  }
  const texts = some.map((batch) => batch.texts).join('\n');
  const callers = some.flatMap((batch) => batch.callers);
  return { batch: { from: first.from, texts, callers }, count: some.length, last: next - 1 };
}

/** An error as it can be sent between threads: its own fields may hold what cannot. */
function asPlain(error: unknown): unknown {
  if (!(error instanceof Error)) return error === undefined ? undefined : String(error);
  const plain = new Error(error.message);
  if (error.stack !== undefined) plain.stack = error.stack;
  return plain;
}
