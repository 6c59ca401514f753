import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { AuditRecord } from '../../record.ts';
import type { DaySchema } from '../../store/schema.ts';
import { bucketCount } from '../../store/sum-tables.ts';
import { bucketOf } from './buckets.ts';
import type { Counts } from './counts.ts';
import { allowed, type SumKey, sumKeyOf } from './sum-key.ts';

/** The last number of each writer that was read. */
type Reached = ReadonlyMap<number, number>;

/** Which rows of a day: from a time in milliseconds up to another, without that, and only rows that are `beyond`. */
export interface RowRange {
  from: number;
  to: number;
  beyond?: Reached;
}

/** A decision, and what it adds to a sum. */
export interface CountedRow {
  key: SumKey;
  record: AuditRecord;
  counts: Counts;
}

/** Rows that are read before other work of the thread has its turn: about 20 ms. */
const rowsAtOnce = 2_000;

/** Reads the decisions of a day. What the audit cannot read is left out: verifying it reports that. */
export async function* readRows(day: Kysely<DaySchema>, { from, to, beyond }: RowRange): AsyncGenerator<CountedRow> {
  let place = [from, 0, 0];
  for (;;) {
    await nextTurn();
    const rows = await day
      .selectFrom('decision')
      .leftJoin('audit_call', (join) =>
        join
          .onRef('audit_call.writer', '=', 'decision.writer')
          .onRef('audit_call.number', '=', 'decision.number')
          .onRef('audit_call.at', '=', 'decision.at'),
      )
      .select(['decision.writer', 'decision.number', 'decision.at', 'decision.record', 'status', 'milliseconds'])
      .where('decision.at', '>=', place[0] ?? from)
      .where('decision.at', '<', to)
      .where(sql<boolean>`(decision.at, decision.writer, decision.number) > (${sql.join(place)})`)
      .$if(beyond !== undefined, (query) => query.where(isBeyond(beyond ?? new Map())))
      .orderBy('decision.at')
      .orderBy('decision.writer')
      .orderBy('decision.number')
      .limit(rowsAtOnce)
      .execute();
    for (const row of rows) {
      const counted = countedRow(row);
      if (counted) yield counted;
    }
    const end = rows.at(-1);
    if (!end || rows.length < rowsAtOnce) return;
    place = [end.at, end.writer, end.number];
  }
}

function isBeyond(reached: Reached) {
  const known = [...reached.keys()];
  const after = [...reached].map(
    ([writer, number]) => sql`(decision.writer = ${writer} and decision.number > ${number})`,
  );
  const isNew = known.length === 0 ? sql`true` : sql`decision.writer not in (${sql.join(known)})`;
  return sql<boolean>`(${sql.join([isNew, ...after], sql` or `)})`;
}

interface Row {
  at: number;
  record: string | null;
  status: number | null;
  milliseconds: number | null;
}

function countedRow({ at, record: text, status, milliseconds }: Row): CountedRow | undefined {
  const record = text === null ? undefined : parsed(text);
  const key = record && sumKeyOf(record);
  if (!record || !key) return undefined;
  const isAllowed = key.outcome === allowed;
  const isMeasured = isAllowed && status !== null && milliseconds !== null;
  const times = isMeasured ? new Array<number>(bucketCount).fill(0) : undefined;
  if (times) times[bucketOf(milliseconds ?? 0)] = 1;
  const counts = {
    calls: 1,
    refused: isAllowed ? 0 : 1,
    measured: isMeasured ? 1 : 0,
    errors: isMeasured && status >= 400 ? 1 : 0,
    last: Math.floor(at / 1000),
    times,
  };
  return { key, record: { ...record, at }, counts };
}

/** Without its schema, which takes longer than all the rest: only the audit writes these texts. */
function parsed(text: string): AuditRecord | undefined {
  try {
    return JSON.parse(text) as AuditRecord;
  } catch {
    return undefined;
  }
}
