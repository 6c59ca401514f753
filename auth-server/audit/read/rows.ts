import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { AuditDatabase } from '../store/database.ts';
import { dayOf, dayRange } from '../store/days.ts';
import type { DaySchema } from '../store/schema.ts';
import type { Filters } from './filters.ts';

/** A row as readers need it. */
export type ReadRow = Omit<DaySchema['decision'], 'salt' | 'digest' | 'link'>;

/** The place of a record: records are sorted by time, and of one millisecond by writer and number. */
export type Place = Pick<ReadRow, 'at' | 'writer' | 'number'>;

const columns = sql.raw('writer, number, at, verdict, reason, person, client, server, object, method, caller, record');
const newestFirst = sql`order by at desc, writer desc, number desc`;
const oldestFirst = sql`order by at, writer, number`;

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
  { conditions, branches }: Filters,
  { before, since, until, limit }: { before?: Place; since?: number; until?: number; limit: number },
): Promise<ReadRow[]> {
  const older = before
    ? [sql`at <= ${before.at}`, sql`(at, writer, number) < (${before.at}, ${before.writer}, ${before.number})`]
    : [];
  const newest = Math.min(before?.at ?? Number.POSITIVE_INFINITY, until ?? Number.POSITIVE_INFINITY);
  const found: ReadRow[] = [];
  for (const { db, range } of await segments(database, since, newest)) {
    const left = limit - found.length;
    const rows = await select(db, branches, [...range, ...conditions, ...older], newestFirst, left);
    found.push(...distinct(rows.sort(compare)).slice(0, left));
    if (found.length === limit) break;
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
  { conditions, branches }: Filters,
  { after, limit }: { after: Place | undefined; limit: number },
): Promise<ReadRow[]> {
  const { from, to } = dayRange(day);
  const range = database.kind === 'sqlite' ? [] : [sql`at >= ${from}`, sql`at < ${to}`];
  const newer = after
    ? [sql`at >= ${after.at}`, sql`(at, writer, number) > (${after.at}, ${after.writer}, ${after.number})`]
    : [];
  const rows = await select(database.day(day), branches, [...range, ...conditions, ...newer], oldestFirst, limit);
  return distinct(rows.sort((a, b) => compare(b, a))).slice(0, limit);
}

/** The first rows of each branch. */
async function select(
  db: Kysely<DaySchema>,
  branches: Filters['branches'],
  conditions: Filters['conditions'],
  order: RawBuilder<unknown>,
  limit: number,
): Promise<ReadRow[]> {
  const queries = (branches ?? [sql`1 = 1`]).map((branch) => {
    const all = sql.join([branch, ...conditions], sql` and `);
    return sql`select * from (select ${columns} from decision where ${all} ${order} limit ${sql.lit(limit)}) as b`;
  });
  const { rows } = await sql<ReadRow>`${sql.join(queries, sql` union all `)}`.execute(db);
  return rows;
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

/** Where to look, the newest first: each file of SQLite, and all partitions of PostgreSQL together. */
async function segments(database: AuditDatabase, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY) {
  const days = (await database.days()).filter((day) => {
    const { from, to } = dayRange(day);
    return to > since && from <= until;
  });
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return [];
  const range = [sql`at >= ${dayRange(first).from}`, sql`at < ${dayRange(last).to}`];
  if (database.kind === 'postgres') return [{ db: database.day(last), range }];
  return days.reverse().map((day) => new Segment(database, day));
}

/** A file is opened when its turn comes. */
class Segment {
  readonly range: readonly RawBuilder<unknown>[] = [];
  readonly #database: AuditDatabase;
  readonly #day: string;
  constructor(database: AuditDatabase, day: string) {
    this.#database = database;
    this.#day = day;
  }
  get db(): Kysely<DaySchema> {
    return this.#database.day(this.#day);
  }
}

function compare(a: Place, b: Place): number {
  return b.at - a.at || b.writer - a.writer || b.number - a.number;
}

/** Without a record that two branches have found. @param sorted by {@link compare} */
function distinct(sorted: readonly ReadRow[]): ReadRow[] {
  return sorted.filter((row, index) => index === 0 || compare(row, sorted[index - 1] as ReadRow) !== 0);
}
