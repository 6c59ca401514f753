import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { AuditDatabase } from '../store/database.ts';
import { dayMilliseconds, dayOf, dayRange, minuteMilliseconds } from '../store/days.ts';
import type { DaySchema } from '../store/schema.ts';
import type { Filters } from './filters.ts';

/** A row as readers need it. */
export type ReadRow = Omit<DaySchema['decision'], 'salt' | 'digest' | 'link'>;

/** The place of a record: records are sorted by time, and of one millisecond by writer and number. */
export type Place = Pick<ReadRow, 'at' | 'writer' | 'number'>;

const columns = sql.raw('writer, number, at, verdict, reason, person, client, server, object, method, caller, record');
const newestFirst = sql`order by at desc, writer desc, number desc`;
const oldestFirst = sql`order by at, writer, number`;
/** Ten days, in milliseconds. */
const longestPart = 10 * dayMilliseconds;

/** Reads the place of a record from its id. */
export function placeOf(id: string): Place {
  const [at = '', writer, number] = id.split('-');
  return { at: Number.parseInt(at, 36), writer: Number(writer), number: Number(number) };
}

/**
 * Reads the newest records that match.
 * @param before only records older than this one
 * @param since,until times in milliseconds that the filters have too: days outside are not opened
 */
export async function readNewest(
  database: AuditDatabase,
  { conditions, times }: Filters,
  { before, since, until, limit }: { before?: Place; since?: number; until?: number; limit: number },
): Promise<ReadRow[]> {
  const older = before ? [sql`(at, writer, number) < (${before.at}, ${before.writer}, ${before.number})`] : [];
  const to = Math.min(before?.at ?? Number.POSITIVE_INFINITY, until ?? Number.POSITIVE_INFINITY) + 1;
  const found: ReadRow[] = [];
  for (const part of (await partsOf(database, { from: since ?? Number.NEGATIVE_INFINITY, to })).reverse()) {
    const ranges = (await rangesOf(database, part, times)).reverse();
    for (let first = 0; first < ranges.length; first += rangesAtOnce) {
      const some = ranges.slice(first, first + rangesAtOnce);
      const left = limit - found.length;
      const rows = await select(database.day(part.day), some, [...conditions, ...older], newestFirst, left);
      found.push(...rows.sort(compare).slice(0, left));
      if (found.length === limit) return found;
    }
  }
  return found;
}

/**
 * Reads records of one day that match, the oldest first.
 * @param after only records newer than this one
 */
export async function readOldest(
  database: AuditDatabase,
  day: string,
  { conditions, times }: Filters,
  { after, limit }: { after: Place | undefined; limit: number },
): Promise<ReadRow[]> {
  const newer = after ? [sql`(at, writer, number) > (${after.at}, ${after.writer}, ${after.number})`] : [];
  const { from, to } = dayRange(day);
  const ranges = await rangesOf(database, { day, from: Math.max(from, after?.at ?? from), to }, times);
  const found: ReadRow[] = [];
  for (let first = 0; first < ranges.length && found.length < limit; first += rangesAtOnce) {
    const some = ranges.slice(first, first + rangesAtOnce);
    const left = limit - found.length;
    const rows = await select(database.day(day), some, [...conditions, ...newer], oldestFirst, left);
    found.push(...rows.sort((a, b) => compare(b, a)).slice(0, left));
  }
  return found;
}

/** From and to in milliseconds since 1970, `to` not included. */
interface Range {
  from: number;
  to: number;
}

/** Times that one query reads. PostgreSQL has all days in one table. */
interface Part extends Range {
  day: string;
}

/** Each range is a query of its own within one statement, because it must stop as soon as it has found enough. */
const rangesAtOnce = 50;

/** The first rows of each range. */
async function select(
  db: Kysely<DaySchema>,
  ranges: readonly Range[],
  conditions: Filters['conditions'],
  order: RawBuilder<unknown>,
  limit: number,
): Promise<ReadRow[]> {
  const queries = ranges.map(({ from, to }) => {
    const all = sql.join([sql`at >= ${from}`, sql`at < ${to}`, ...conditions], sql` and `);
    return sql`select * from (select ${columns} from decision where ${all} ${order} limit ${sql.lit(limit)}) as b`;
  });
  const { rows } = await sql<ReadRow>`${sql.join(queries, sql` union all `)}`.execute(db);
  return rows;
}

/** The times of a part in which records can match, oldest first: all of it, or the minutes for which all conditions hold. */
async function rangesOf(database: AuditDatabase, part: Part, times: Filters['times']): Promise<Range[]> {
  if (part.from >= part.to) return [];
  let common: Set<number> | undefined;
  for (const { condition, milliseconds } of times) {
    const first = Math.floor(part.from / milliseconds) * milliseconds;
    const { rows } = await sql<{ at: number }>`select distinct at from decision_seen
      where ${condition} and at >= ${first} and at < ${part.to}`.execute(database.day(part.day));
    const found = new Set(rows.flatMap(({ at }) => minutesIn(Number(at), milliseconds)));
    common = common ? common.intersection(found) : found;
    if (common.size === 0) return [];
  }
  if (!common) return [{ from: part.from, to: part.to }];
  const ranges: Range[] = [];
  for (const from of [...common].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last?.to === from) last.to += minuteMilliseconds;
    else ranges.push({ from, to: from + minuteMilliseconds });
  }
  return ranges
    .map(({ from, to }) => ({ from: Math.max(from, part.from), to: Math.min(to, part.to) }))
    .filter(({ from, to }) => from < to);
}

/** The begins of the minutes of a time. */
function minutesIn(from: number, milliseconds: number): number[] {
  return Array.from({ length: milliseconds / minuteMilliseconds }, (_, index) => from + index * minuteMilliseconds);
}

/** One record, if it is kept and the conditions hold. */
export async function readOne(database: AuditDatabase, id: string, conditions: readonly RawBuilder<unknown>[]) {
  const { at, writer, number } = placeOf(id);
  if (![at, writer, number].every(Number.isSafeInteger) || Math.abs(at) > 8.64e15) return undefined;
  const day = dayOf(at);
  if (!(await database.days()).includes(day)) return undefined;
  const its = [sql`writer = ${writer}`, sql`number = ${number}`, sql`at = ${at}`, ...conditions];
  const one = sql<ReadRow>`select ${columns} from decision where ${sql.join(its, sql` and `)}`;
  return (await one.execute(database.day(day))).rows[0];
}

/** The days within a range of time, oldest first; in PostgreSQL several days together, because each query takes a while. */
async function partsOf(database: AuditDatabase, range: Range): Promise<Part[]> {
  const parts: Part[] = [];
  for (const day of await database.days()) {
    const own = dayRange(day);
    const part = { day, from: Math.max(own.from, range.from), to: Math.min(own.to, range.to) };
    if (part.from >= part.to) continue;
    const last = parts.at(-1);
    if (database.kind === 'postgres' && last && part.to - last.from <= longestPart)
      Object.assign(last, { to: part.to });
    else parts.push(part);
  }
  return parts;
}

function compare(a: Place, b: Place): number {
  return b.at - a.at || b.writer - a.writer || b.number - a.number;
}
