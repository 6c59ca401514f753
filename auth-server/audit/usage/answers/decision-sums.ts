import { setImmediate as nextTurn } from 'node:timers/promises';
import { type RawBuilder, sql } from 'kysely';
import type { DecisionSums, SumsQuery } from '../../../../common/doors/decisions.ts';
import type { AuditDatabase } from '../../store/database.ts';
import { dayOf, dayRange } from '../../store/days.ts';
import type { Visible } from '../../visible.ts';
import { readFresh } from '../sums/fresh.ts';
import { hourMilliseconds } from '../sums/make-sums.ts';
import { type CountedRow, readRows } from '../sums/rows.ts';
import { type Hours, type Segment, segmentsOf } from '../sums/spans.ts';
import { readState } from '../sums/state.ts';
import { allowed } from '../sums/sum-key.ts';
import { createSums } from '../sums/sums.ts';
import { textsOf } from '../sums/words.ts';
import type { SumCache } from './cache.ts';
import { labelsOf } from './labels.ts';
import { conditionsOf, matches } from './sum-filters.ts';

export interface SumsInput {
  query: SumsQuery;
  visible: Visible;
  /** Milliseconds since 1970. */
  now: number;
}

/** What the person × tool × reason of a row is counted under. */
interface Line {
  person: string;
  server: string;
  tool: string;
  reason: string;
}

const mostRows = 200;
/** Sums that are read before rows without sums are added: those that come after cannot be among the first. */
const mostRead = 5_000;

/** Decisions by person, tool and reason. Whole hours come from the sums, the ends of the range from the rows. */
export async function decisionSums(
  db: AuditDatabase,
  cached: SumCache,
  { query, visible, now }: SumsInput,
): Promise<DecisionSums> {
  const [oldest = dayOf(now)] = await db.days();
  const since = query.since === undefined ? dayRange(oldest).from : Date.parse(query.since);
  const until = Math.min(now, query.until === undefined ? now : Date.parse(query.until)) + 1;
  const hour = Math.floor(now / hourMilliseconds);
  const whole = {
    from: Math.ceil(since / hourMilliseconds),
    to: query.until === undefined ? hour + 1 : Math.floor(until / hourMilliseconds),
  };
  const lines = new Map<string, number>();
  const add = (line: Line, count: number) => {
    const key = JSON.stringify([line.person, line.server, line.tool, line.reason]);
    lines.set(key, (lines.get(key) ?? 0) + count);
  };
  const conditions = await conditionsOf(db.main, query, visible);
  const version = (await readState(db.main, 'version')) ?? 0;
  for (const segment of conditions ? segmentsOf(whole) : []) {
    const read = () => readLines(db, conditions ?? [], segment);
    const { since: _, until: __, ...filters } = query;
    // Also by the hour: names that became known since then may match the filters.
    const key = JSON.stringify([version, hour, filters, visible, segment]);
    const found = segment.hours === 24 ? await cached(key, read) : await read();
    for (const { line, count } of found) add(line, count);
    await nextTurn();
  }
  const rows = await rowsOutside(db, whole, { since, until, now });
  const sums = createSums();
  for (const row of rows) if (matches(row, query, visible)) sums.add(row);
  for (const { key, counts } of sums.all(() => true)) add(lineOf(key), counts.calls);
  const sorted = [...lines].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return { rows: await shown(db, sorted.slice(0, mostRows)), cut: sorted.length > mostRows };
}

function lineOf(key: { person: string; server: string; object: string; method: string; outcome: string }): Line {
  const { person, server, object, method, outcome } = key;
  return { person, server, tool: object || method, reason: outcome === allowed ? '' : outcome };
}

async function readLines(
  { main }: AuditDatabase,
  conditions: readonly RawBuilder<unknown>[],
  { hours, from, to }: Segment,
): Promise<{ line: Line; count: number }[]> {
  type Row = { person: number; server: number; method: number; object: number; outcome: number; count: number };
  const { rows } = await sql<Row>`select person, server, method, object, outcome, sum(calls) as count from audit_sum
    where ${sql.join([sql`hours = ${hours} and at >= ${from} and at < ${to}`, ...conditions], sql` and `)}
    group by person, server, method, object, outcome order by count desc limit ${mostRead}`.execute(main);
  const ids = rows.flatMap(({ person, server, method, object, outcome }) => [person, server, method, object, outcome]);
  const texts = await textsOf(main, ids);
  const text = (id: number) => texts.get(id) ?? '';
  return rows.map(({ count, ...row }) => {
    const key = { person: text(row.person), server: text(row.server), method: text(row.method) };
    return { line: lineOf({ ...key, object: text(row.object), outcome: text(row.outcome) }), count };
  });
}

/** Rows that the sums of the whole hours do not hold. */
async function rowsOutside(
  db: AuditDatabase,
  whole: Hours,
  { since, until, now }: { since: number; until: number; now: number },
): Promise<CountedRow[]> {
  const [from, to] = [whole.from * hourMilliseconds, whole.to * hourMilliseconds];
  const isOneHour = from >= to;
  const ends = isOneHour
    ? [{ from: since, to: until }]
    : [
        { from: since, to: from },
        { from: to, to: until },
      ];
  const rows: CountedRow[] = [];
  const days = await db.days();
  for (const end of ends)
    for (const day of days) {
      const range = dayRange(day);
      const part = { from: Math.max(end.from, range.from), to: Math.min(end.to, range.to) };
      if (part.from < part.to) for await (const row of readRows(db.day(day), part)) rows.push(row);
    }
  const fresh = isOneHour ? [] : await readFresh(db, now);
  return [...rows, ...fresh.filter(({ record: { at } }) => at >= from && at < to)];
}

async function shown(db: AuditDatabase, lines: readonly [string, number][]): Promise<DecisionSums['rows']> {
  const rows = lines.map(([key, count]) => {
    const [person = '', server = '', tool = '', reason = ''] = JSON.parse(key) as string[];
    return { person, server, tool, reason, count };
  });
  const people = [...new Set(rows.map(({ person }) => person))];
  const labels = await labelsOf(db.main, 'person', people);
  return rows.map(({ person, ...rest }) => ({ person: person || null, name: labels.get(person) ?? person, ...rest }));
}
