import { genesis } from '../chain/digest.ts';
import type { KnownCaller } from '../record.ts';
import type { AuditDatabase } from '../store/database.ts';
import { dayAfter, dayOf, dayRange } from '../store/days.ts';
import { insertRows } from '../store/insert.ts';
import type { NameStore } from '../store/names.ts';
import { createSeen } from '../store/seen.ts';
import { addCounts } from './counts.ts';
import type { WriterIdentity } from './identity.ts';
import { namesOf } from './names-of.ts';
import { type DecisionRow, type NumberedRecord, numbered, rowsOf } from './row.ts';

/** Records in the order of their numbers. */
export interface Batch {
  /** The number of the first. */
  from: number;
  /** JSON, one record a line. */
  texts: string;
  callers: readonly KnownCaller[];
}

export type Writer = ReturnType<typeof createWriter>;

const decisionColumns: readonly (keyof DecisionRow)[] = [
  'writer',
  'number',
  'at',
  'verdict',
  'reason',
  'person',
  'client',
  'server',
  'object',
  'method',
  'caller',
  'salt',
  'digest',
  'link',
  'record',
];

/**
 * Writes the records of one writer as a chain: each once, in the order of their numbers, also after a failure in between.
 * @param written receives records after they were written
 */
export function createWriter(
  database: AuditDatabase,
  identity: WriterIdentity,
  names: NameStore,
  written: (records: readonly NumberedRecord[]) => void = () => undefined,
) {
  const { id, name } = identity;
  const seen = createSeen(database.kind);
  /** The last written record; unknown at first and after a failure, when a commit may or may not have been made. */
  let last: { number: number; link: Uint8Array } | undefined;
  const writeDay = async (day: string, records: readonly NumberedRecord[], link: Uint8Array) => {
    await database.make(day);
    const rows = rowsOf(id, records, link);
    await database
      .day(day)
      .transaction()
      .execute(async (on) => {
        await insertRows(database.kind, on, { table: 'decision', columns: decisionColumns }, rows);
        await seen.note(on, rows);
        await addCounts(database.kind, on, rows);
      });
    return rows.at(-1)?.link ?? link;
  };
  return {
    /** The last number that is written; 0 before the first. */
    number: () => last?.number ?? 0,
    /**
     * Writes the records that are not written yet.
     * @throws what the database threw: the same batch can be given again
     */
    async write({ from, texts, callers }: Batch): Promise<void> {
      try {
        last ??= await lastOf(database, identity);
        const { number } = last;
        const records = texts.split('\n').map((text, index) => numbered(from + index, text));
        const missing = records.filter((record) => record.number > number);
        await names.keep(callers, namesOf(missing));
        for (const [day, some] of byDay(missing)) {
          const link = await writeDay(day, some, last.link);
          last = { number: last.number + some.length, link };
          written(some);
        }
      } catch (error) {
        last = undefined;
        seen.forget();
        throw error;
      }
    },
    /** Says that the process is there, at its start and from time to time. */
    async greet(): Promise<void> {
      const { host, pid, startedAt: started_at } = identity;
      const seen_at = Date.now();
      await database.main
        .insertInto('audit_writer')
        .values({ id, name, host, pid, started_at, seen_at, ended_at: null })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ seen_at }))
        .execute();
    },
    /** Says that the process has written its last record. */
    async leave(): Promise<void> {
      const now = Date.now();
      const update = database.main.updateTable('audit_writer').set({ seen_at: now, ended_at: now });
      await update.where('id', '=', id).execute();
    },
  };
}

/** Consecutive records of one day together: each day is written by itself. */
function byDay(records: readonly NumberedRecord[]): [day: string, records: NumberedRecord[]][] {
  const days: [string, NumberedRecord[]][] = [];
  let latest: NumberedRecord[] = [];
  let [from, to] = [0, 0];
  for (const record of records) {
    const { at } = record.record;
    if (at < from || at >= to) {
      const day = dayOf(at);
      ({ from, to } = dayRange(day));
      latest = [];
      days.push([day, latest]);
    }
    latest.push(record);
  }
  return days;
}

/** The last record that a writer has written: a thread that died, or a commit without an answer, may have written more than is known. */
async function lastOf(database: AuditDatabase, { id, name, startedAt }: WriterIdentity) {
  const first = dayAfter(startedAt, -1);
  const days = database.kind === 'postgres' ? [first] : (await database.days()).filter((day) => day >= first);
  let last: { number: number; link: Uint8Array } = { number: 0, link: genesis(name) };
  for (const day of days) {
    const rows = database.day(day).selectFrom('decision').select(['number', 'link']).where('writer', '=', id);
    const row = await rows.orderBy('number', 'desc').limit(1).executeTakeFirst();
    if (row && row.number > last.number) last = row;
  }
  return last;
}
