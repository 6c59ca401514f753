import { createSigning } from '../chain/make/signing.ts';
import type { MeasuredCall } from '../outside/measured-call.ts';
import { createMeasuring } from '../outside/measuring.ts';
import { openAuditDatabase } from '../store/database.ts';
import { createNames } from '../store/names.ts';
import { type Batch, createWriter, type WriterIdentity } from '../write/writer.ts';
import { backgroundJobs, makeDaysAhead, type Report } from './background.ts';
import type { AuditPlace } from './place.ts';
import { createQuestions, type Questions } from './questions.ts';

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
  const signing = createSigning(database, place, ({ statement: { kind, seq }, jws }) => {
    const fields = { statement: seq, kind, jws };
    report({ level: 'info', code: 'audit_statement', message: 'a statement about the audit was signed', fields });
  });
  const questions = createQuestions({ database, names, place });
  const jobs = backgroundJobs({ database, questions, names, place, identity, writer, signing, measuring, report });
  try {
    await writer.greet();
    if (database.kind === 'postgres') await makeDaysAhead(database);
    // From here on: what nginx wrote before is about requests of processes before this one. Not a reason not to start.
    await measuring?.work().catch(jobs.failedTo('audit_calls'));
  } catch (error) {
    await database.close();
    throw error;
  }
  const stopJobs = jobs.start();
  return {
    /** Writes what of the batch is not written yet. @throws what the database threw */
    write: (batch: Batch): Promise<void> => writer.write(batch),
    ask<Q extends keyof Questions>(question: Q, input: Parameters<Questions[Q]>[0]) {
      return questions[question](input as never) as ReturnType<Questions[Q]>;
    },
    async close(): Promise<void> {
      await stopJobs();
      const leave = async () => {
        await writer.leave();
        await signing.now();
      };
      await leave().catch(jobs.failedTo('audit_writer'));
      await measuring?.close();
      await database.close();
    },
  };
}
