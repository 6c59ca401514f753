import { setImmediate as nextTurn } from 'node:timers/promises';
import { type RawBuilder, sql } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';
import type { AuditDatabase } from '../store/database.ts';
import { dayRange } from '../store/days.ts';
import { type DaySchema, importWriter } from '../store/schema.ts';

/** Recorded requests that differ in their time only. */
export interface RequestGroup
  extends Pick<
    DaySchema['decision'],
    'verdict' | 'reason' | 'person' | 'client' | 'server' | 'object' | 'method' | 'caller'
  > {
  /** Taken over from a release that kept only groups that its policy knew. */
  isOlder: boolean;
  /** The record does not have the whole object as it was. */
  isCut: boolean;
  /** It names more objects than the first. */
  hasMore: boolean;
  /** The broker that asked for the caller. */
  via: string | null;
  count: number;
  /** The last of them. */
  last: { at: number; writer: number; number: number };
}

export interface ReadGroups {
  groups: RequestGroup[];
  /** Requests in groups. */
  count: number;
  /** Requests of groups beyond {@link mostGroups}. */
  left: number;
  /** The time of the oldest record that was read, in milliseconds since 1970; undefined if there is none. */
  from: number | undefined;
}

/** Records that one query reads. In SQLite other work of the thread waits meanwhile, about 50 ms; PostgreSQL groups elsewhere. */
const recordsAtOnce = { sqlite: 5_000, postgres: 10_000 } as const;
/** A caller may invent a name for each call. These take about 50 MB. */
const mostGroups = 100_000;
/** The column `object` is cut at this length. */
const longestColumn = 500;

/**
 * Reads the requests of a span, the newest first, equal ones together. Other work of the thread has its turn after each query.
 * @param isLate asked after each query: older records stay unread once it says so
 */
export async function readGroups(database: AuditDatabase, span: Span & { isLate: () => boolean }): Promise<ReadGroups> {
  const found = new Map<string, RequestGroup>();
  const read: ReadGroups = { groups: [], count: 0, left: 0, from: undefined };
  for await (const { first, rows } of pagesOf(database, span)) {
    if (rows.length > 0) read.from = first;
    for (const row of rows) {
      if (Number(row.is_request) === 0) continue;
      const isKept = addTo(found, row);
      read[isKept ? 'count' : 'left'] += Number(row.count);
    }
    if (span.isLate()) break;
  }
  read.groups = [...found.values()];
  if (read.from !== undefined) read.from = await oldestOf(database, read.from);
  return read;
}

/** Milliseconds since 1970. */
interface Span {
  since: number;
  now: number;
}

/** @returns whether there is room for it */
function addTo(found: Map<string, RequestGroup>, row: Row): boolean {
  const { verdict, reason, person, client, server, object, method, caller, is_older, is_cut, has_more } = row;
  const via = nameIn(row.via);
  // No column holds NUL (column-text.ts).
  const key = [verdict, reason, person, client, server, object, method, caller, is_older, is_cut, has_more, via].join(
    '\0',
  );
  const known = found.get(key);
  if (!known) {
    const hasRoom = found.size < mostGroups;
    if (hasRoom) found.set(key, groupOf(row, via));
    return hasRoom;
  }
  known.count += Number(row.count);
  const last = lastOf(row);
  if (known.last.at < last.at) known.last = last;
  return true;
}

/** The records of a span, the newest first, some thousand at a time. `first`: the oldest time of a page. */
async function* pagesOf(database: AuditDatabase, { since, now }: Span) {
  for (const day of [...(await database.days())].reverse()) {
    const range = dayRange(day);
    const from = Math.max(range.from, since);
    let to = Math.min(range.to, now + 1);
    while (from < to) {
      await nextTurn();
      const db = database.day(day);
      const begin = await sql<{ at: number }>`select at from decision where at >= ${from} and at < ${to}
        order by at desc limit 1 offset ${sql.lit(recordsAtOnce[database.kind] - 1)}`.execute(db);
      const first = Number(begin.rows[0]?.at ?? from);
      const { rows } = await grouped(database.kind, first, to).execute(db);
      yield { first, rows };
      to = first;
    }
  }
}

interface Row
  extends Pick<RequestGroup, 'verdict' | 'reason' | 'person' | 'client' | 'server' | 'object' | 'method' | 'caller'> {
  is_request: number | string;
  is_older: number | string;
  is_cut: number | string;
  has_more: number | string;
  via: string | null;
  count: number | string;
  /** Time, writer and number: as an array in PostgreSQL. */
  last?: readonly (number | string)[];
  at?: number;
  writer?: number;
  number?: number;
}

/**
 * The records of a time in groups. What the columns do not say is looked for in the records' texts: no text in a record holds
 * `"name":`, because its quotation marks are escaped. To read them as JSON would take most of the time.
 */
function grouped(kind: DatabaseKind, from: number, to: number): RawBuilder<Row> {
  const place = sql.raw(kind === 'sqlite' ? 'instr' : 'strpos');
  const has = (member: string) => sql`case when ${place}(record, ${`"${member}":`}) > 0 then 1 else 0 end`;
  // With some of what follows: it is cut below, and equal in equal requests.
  const via = sql`case when ${place}(record, '"via":"') > 0
    then substr(record, ${place}(record, '"via":"') + 7, ${sql.lit(longestVia)}) end`;
  const last =
    kind === 'sqlite'
      ? sql`max(at) as at, writer, number`
      : sql`max(array[at, writer::bigint, number::bigint]) as last`;
  const isCut = sql`case when ${place}(record, '"object_digest":') > 0 or length(object) >= ${sql.lit(longestColumn)}
    then 1 else 0 end`;
  return sql<Row>`select verdict, reason, person, client, server, object, method, caller,
    case when writer = ${sql.lit(importWriter)} then 1 else 0 end as is_older,
    ${has('http')} as is_request, ${isCut} as is_cut, ${has('objects')} as has_more, ${via} as via,
    count(*) as count, ${last}
    from decision where at >= ${from} and at < ${to}
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13`;
}

const longestVia = 80;

/** The name at the begin of a piece of a record. */
function nameIn(piece: string | null): string | null {
  return piece === null ? null : piece.slice(0, Math.max(0, piece.indexOf('"')));
}

function groupOf(row: Row, via: string | null): RequestGroup {
  const { verdict, reason, person, client, server, object, method, caller } = row;
  return {
    ...{ verdict, reason, person, client, server, object, method, caller, via },
    isOlder: Number(row.is_older) === 1,
    isCut: Number(row.is_cut) === 1,
    hasMore: Number(row.has_more) === 1,
    count: Number(row.count),
    last: lastOf(row),
  };
}

function lastOf({ last, at = 0, writer = 0, number = 0 }: Row): RequestGroup['last'] {
  if (!last) return { at, writer, number };
  const [lastAt = 0, lastWriter = 0, lastNumber = 0] = last.map(Number);
  return { at: lastAt, writer: lastWriter, number: lastNumber };
}

/** The time of the first record from a time on. */
async function oldestOf(database: AuditDatabase, from: number): Promise<number | undefined> {
  for (const day of await database.days()) {
    const range = dayRange(day);
    if (range.to <= from) continue;
    const { rows } = await sql<{ at: number | null }>`select min(at) as at from decision
      where at >= ${Math.max(from, range.from)} and at < ${range.to}`.execute(database.day(day));
    if (rows[0]?.at != null) return Number(rows[0].at);
  }
  return undefined;
}
