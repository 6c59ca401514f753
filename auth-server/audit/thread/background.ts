import { dropDay } from '../chain/make/drop.ts';
import type { createSigning } from '../chain/make/signing.ts';
import { createImport } from '../keep/import.ts';
import { createRetention } from '../keep/retention.ts';
import type { createMeasuring } from '../outside/measuring.ts';
import type { AuditDatabase } from '../store/database.ts';
import { dayAfter } from '../store/days.ts';
import type { NameStore } from '../store/names.ts';
import { createSumsJob, sumsMilliseconds } from '../usage/keep-sums.ts';
import type { WriterIdentity } from '../write/identity.ts';
import type { Writer } from '../write/writer.ts';
import { startJobs } from './jobs.ts';
import type { AuditPlace } from './place.ts';
import type { Questions } from './questions.ts';
import { type Failure, failedTo, type Report } from './report.ts';

export interface Background {
  database: AuditDatabase;
  questions: Pick<Questions, 'usage'>;
  names: NameStore;
  place: AuditPlace;
  identity: WriterIdentity;
  writer: Pick<Writer, 'greet'>;
  signing: ReturnType<typeof createSigning>;
  measuring: Pick<ReturnType<typeof createMeasuring>, 'work'> | undefined;
  report: (report: Report) => void;
}

const second = 1_000;
const minute = 60 * second;
/** Days for which there are tables ahead: making a partition waits for queries. */
const daysAhead = 2;

/** Makes the tables of today and the next days. */
async function makeDaysAhead(database: AuditDatabase): Promise<void> {
  for (let ahead = 0; ahead <= daysAhead; ahead++) await database.make(dayAfter(Date.now(), ahead));
}

/** Starts what the thread does beside writing and answering. @returns as {@link startJobs} */
export function startBackground(parts: Background) {
  const { database, questions, place, identity, writer, signing, measuring, report } = parts;
  const job = (code: Failure, milliseconds: number, work: () => Promise<void>) => ({
    milliseconds,
    work,
    failed: failedTo(report, code),
  });
  const days = { ...job('audit_days', 60 * minute, () => makeDaysAhead(database)), atOnce: true };
  const jobs = [
    job('audit_writer', minute, writer.greet),
    ...(database.kind === 'postgres' ? [days] : []),
    // Not at the start: after a standstill it may take a while.
    job('audit_sums', sumsMilliseconds, createSumsJob(database, identity.name, questions)),
    job('audit_head', minute, signing.work),
    { ...job('audit_retention', 5 * minute, retentionOf(parts)), atOnce: true },
    { ...job('audit_import', minute, createImport(database, place.where)), atOnce: true },
    ...(measuring ? [job('audit_calls', second, measuring.work)] : []),
  ];
  return startJobs(jobs);
}

function retentionOf({ database, names, place, signing, report }: Background) {
  return createRetention({
    database,
    names,
    limits: place,
    drop: (day) => dropDay(database, signing.statements, day),
    dropped(day, why) {
      const message =
        why === 'age' ? 'records older than AUDIT_DAYS were dropped' : 'records beyond AUDIT_MAX_MB were dropped';
      report({ level: 'info', code: 'audit_dropped', message, fields: { day } });
    },
    tooLarge(bytes) {
      const message = "today's records alone take more than AUDIT_MAX_MB: make room, or find out who calls that often";
      report({ level: 'warn', code: 'audit_large', message, fields: { megabytes: Math.round(bytes / 2 ** 20) } });
    },
  });
}
