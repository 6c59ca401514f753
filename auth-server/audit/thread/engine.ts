import type { MeasuredCall } from '../outside/measured-call.ts';
import { createMeasuring } from '../outside/measuring.ts';
import { openAuditDatabase } from '../store/database.ts';
import { createNames } from '../store/names.ts';
import type { WriterIdentity } from '../write/identity.ts';
import { type Batch, createWriter } from '../write/writer.ts';
import type { AuditPlace } from './place.ts';
import type { Questions } from './questions.ts';
import { failedTo, type Report } from './report.ts';

/** What only questions and background jobs need takes most of the time of a start, so it waits until the service has started. */
const laterMilliseconds = 1_000;

export type Engine = Awaited<ReturnType<typeof openEngine>>;

/** Everything that touches the audit's database. It runs on a thread of its own; in tests also without one. */
export async function openEngine(
  place: AuditPlace,
  identity: WriterIdentity,
  report: (report: Report) => void,
  called: (calls: MeasuredCall[]) => void = () => undefined,
) {
  const database = await openAuditDatabase(place.where, (err) =>
    report({ level: 'error', code: 'audit_database', message: "the audit's database does not answer", err }),
  );
  const names = createNames(database);
  const { callsFile: path } = place;
  const unwritten = (requests: number) => {
    const message = 'nginx writes no line into CALLS_FILE';
    report({ level: 'warn', code: 'audit_calls', message, fields: { requests } });
  };
  const measuring =
    path === undefined ? undefined : createMeasuring({ database, writer: identity.id, path, called, unwritten });
  const writer = createWriter(database, identity, names, measuring?.written);
  try {
    await writer.greet();
    // From here on: what nginx wrote before is about requests of processes before this one. Not a reason not to start.
    await measuring?.work().catch(failedTo(report, 'audit_calls'));
  } catch (error) {
    await database.close();
    throw error;
  }
  let loading: ReturnType<typeof load> | undefined;
  const load = async () => {
    const { startLater } = await import('./later.ts');
    return startLater({ database, names, place, identity, writer, measuring, report });
  };
  const later = () => (loading ??= load());
  const timer = setTimeout(() => later().catch(failedTo(report, 'audit_writer')), laterMilliseconds);
  return {
    /** Writes what of the batch is not written yet. @throws what the database threw */
    write: (batch: Batch): Promise<void> => writer.write(batch),
    async ask<Q extends keyof Questions>(question: Q, input: Parameters<Questions[Q]>[0]) {
      const { questions } = await later();
      return await questions[question](input as never);
    },
    async close(): Promise<void> {
      const leave = async () => {
        clearTimeout(timer);
        const { stopJobs, signing } = await later();
        await stopJobs();
        await writer.leave();
        await signing.now();
      };
      await leave().catch(failedTo(report, 'audit_writer'));
      await measuring?.close();
      await database.close();
    },
  };
}
