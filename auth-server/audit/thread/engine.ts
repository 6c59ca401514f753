import { interval } from '../../../common/time/interval.ts';
import { createSigning } from '../chain/make/signing.ts';
import type { MeasuredCall } from '../outside/measured-call.ts';
import { createMeasuring } from '../outside/measuring.ts';
import { openAuditDatabase } from '../store/database.ts';
import { dayAfter } from '../store/days.ts';
import { createNames } from '../store/names.ts';
import { createSumsJob, sumsMilliseconds } from '../usage/keep-sums.ts';
import { type Batch, createWriter, type WriterIdentity } from '../write/writer.ts';
import type { AuditPlace } from './place.ts';
import { createQuestions, type Questions } from './questions.ts';

/** What the thread reports, for the log. */
export interface Report {
  level: 'info' | 'warn' | 'error';
  code: string;
  message: string;
  err?: unknown;
  /** Further fields of the line. */
  fields?: Readonly<Record<string, unknown>>;
}

export type Engine = Awaited<ReturnType<typeof openEngine>>;

const greetMilliseconds = 60_000;
/** nginx gathers its lines for a second as well. */
const measureMilliseconds = 1_000;
/** How often to look whether a head is due. */
const signMilliseconds = 60_000;
/** Days for which there are tables ahead: making a partition waits for queries. */
const daysAhead = 2;

/** Everything that touches the audit's database. It runs on a thread of its own; in tests also without one. */
export async function openEngine(
  place: AuditPlace,
  identity: WriterIdentity,
  report: (report: Report) => void,
  called: (calls: MeasuredCall[]) => void = () => undefined,
) {
  const failed = (code: string, message: string) => (err: unknown) => report({ level: 'error', code, message, err });
  const database = await openAuditDatabase(
    place.where,
    failed('audit_database', "the audit's database does not answer"),
  );
  const names = createNames(database);
  const { callsFile: path } = place;
  const unwritten = (requests: number) =>
    report({
      level: 'warn',
      code: 'audit_calls',
      message: 'nginx writes no line into CALLS_FILE',
      fields: { requests },
    });
  const measuring =
    path === undefined ? undefined : createMeasuring({ database, writer: identity.id, path, called, unwritten });
  const measuringFailed = failed(
    'audit_calls',
    'times and statuses of calls cannot be read from CALLS_FILE, or written',
  );
  const writer = createWriter(database, identity, names, measuring?.written);
  const signing = createSigning(database, place, ({ statement: { kind, seq }, jws }) => {
    const fields = { statement: seq, kind, jws };
    report({ level: 'info', code: 'audit_statement', message: 'a statement about the audit was signed', fields });
  });
  const questions = createQuestions({ database, names, place });
  const makeDays = async () => {
    for (let ahead = 0; ahead <= daysAhead; ahead++) await database.make(dayAfter(Date.now(), ahead));
  };
  const jobs = [
    { milliseconds: greetMilliseconds, work: writer.greet, code: 'audit_writer' },
    ...(database.kind === 'postgres' ? [{ milliseconds: 3_600_000, work: makeDays, code: 'audit_days' }] : []),
  ];
  try {
    for (const { work } of jobs) await work();
    // From here on: what nginx wrote before is about requests of processes before this one. Not a reason not to start.
    await measuring?.work().catch(measuringFailed);
  } catch (error) {
    await database.close();
    throw error;
  }
  // Not at the start: after a standstill it may take a while.
  const sums = { milliseconds: sumsMilliseconds, work: createSumsJob(database, identity.name), code: 'audit_sums' };
  const heads = { milliseconds: signMilliseconds, work: signing.work, code: 'audit_head' };
  const timers = [...jobs, sums, heads].map(({ milliseconds, work, code }) =>
    interval(milliseconds, work, failed(code, 'a background job of the audit has failed')),
  );
  if (measuring) timers.push(interval(measureMilliseconds, measuring.work, measuringFailed));
  return {
    /** Writes what of the batch is not written yet. @throws what the database threw */
    write: (batch: Batch): Promise<void> => writer.write(batch),
    ask<Q extends keyof Questions>(question: Q, input: Parameters<Questions[Q]>[0]) {
      return questions[question](input as never) as ReturnType<Questions[Q]>;
    },
    async close(): Promise<void> {
      for (const timer of timers) clearInterval(timer);
      const leave = async () => {
        await writer.leave();
        await signing.now();
      };
      await leave().catch(failed('audit_writer', 'the end of the process could not be written to the audit'));
      await measuring?.close();
      await database.close();
    },
  };
}
