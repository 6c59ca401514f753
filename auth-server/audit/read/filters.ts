import { type RawBuilder, sql } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';
import type { DecisionsQuery } from '../../../common/doors/decisions.ts';
import type { AuditDatabase } from '../store/database.ts';
import { minuteMilliseconds } from '../store/days.ts';
import type { NameStore } from '../store/names.ts';
import { pairKind, pairMilliseconds, pairValue } from '../store/pairs.ts';
import type { NameKind, SeenKind } from '../store/schema.ts';
import { isIn } from '../store/sql.ts';
import type { Visible } from '../visible.ts';

type Condition = RawBuilder<unknown>;

/** A condition of `decision_seen`, and the length of the times that it finds, in milliseconds. */
export interface TimesFilter {
  condition: Condition;
  milliseconds: number;
}

/** What a query asks of the columns of a record. */
export interface Filters {
  /** Each must hold. */
  conditions: readonly Condition[];
  /** Each record that matches is within times for which each of these holds. */
  times: readonly TimesFilter[];
}

/** The filters of a query that concern many records. */
export type FilterQuery = Omit<DecisionsQuery, 'id' | 'before' | 'limit'>;

/** A column of which a record has one of some values. Undefined values: those of the kind are too many to be known. */
interface Choice {
  columns: readonly { column: NameKind; values: readonly string[] | undefined }[];
  piece: string;
}

/**
 * Turns a query into conditions of columns. What a person has typed is a piece of a name: the names that contain it are known.
 * @returns undefined if no record can match
 */
export function createFilters(database: AuditDatabase, names: NameStore) {
  const { kind: databaseKind, main } = database;
  const matching = async (kind: NameKind, piece: string) => {
    if (await names.isFull(kind)) return undefined;
    const isMatch = sql<boolean>`(${contains(databaseKind, 'value', piece)} or ${contains(databaseKind, 'label', piece)})`;
    const rows = main.selectFrom('audit_name').select('value').where('kind', '=', kind).where(isMatch);
    return (await rows.execute()).map(({ value }) => value);
  };
  const choiceOf = async (kinds: readonly NameKind[], piece: string): Promise<Choice> => {
    const columns = kinds.map(async (column) => ({ column, values: await matching(column, piece) }));
    return { columns: await Promise.all(columns), piece };
  };
  const conditionOf = ({ columns, piece }: Choice): Condition => {
    const each = columns.map(({ column, values }) =>
      values ? isIn(databaseKind, column, values) : contains(databaseKind, column, piece),
    );
    return sql`(${sql.join(each, sql` or `)})`;
  };
  const exactly = (column: NameKind, values: readonly string[]): Choice => ({
    columns: [{ column, values }],
    piece: '',
  });
  /** From what leaves the fewest records to what leaves the most, usually. */
  const choicesOf = async (query: FilterQuery, visible: Visible): Promise<Choice[]> => {
    const { reason, tool, person, server, verdict } = query;
    const choices: Choice[] = [];
    if (reason) choices.push(exactly('reason', [reason]));
    if (tool) choices.push(await choiceOf(['object', 'method'], tool));
    if (person) choices.push(await choiceOf(['person', 'client'], person));
    if (server) choices.push(await choiceOf(['server'], server));
    if (verdict === 'deny' && !reason) choices.push(exactly('reason', (await matching('reason', '')) ?? []));
    if (visible.servers !== 'all') choices.push(exactly('server', visible.servers));
    return choices;
  };
  return async (query: FilterQuery, visible: Visible): Promise<Filters | undefined> => {
    const choices = await choicesOf(query, visible);
    if (choices.some(({ columns }) => columns.every(({ values }) => values?.length === 0))) return undefined;
    const isRefused = query.verdict === 'deny' || Boolean(query.reason) || query.caller === 'none';
    const noted = query.caller === 'none' ? [...choices, exactly('person', [''])] : choices;
    // Pairs first: they leave less.
    const times = [
      ...noted.flatMap((one, index) =>
        noted.slice(index + 1).flatMap((other) => pairsOf(databaseKind, one, other) ?? []),
      ),
      ...noted.map((choice) => minutesOf(databaseKind, choice, isRefused)),
    ];
    return { conditions: [...choices.map(conditionOf), ...plainConditions(query)], times };
  };
}

/** Where the values are not known, those that were noted are looked through: they are fewer than the records. */
function minutesOf(kind: DatabaseKind, { columns, piece }: Choice, isRefused: boolean): TimesFilter {
  const each = columns.map(({ column, values }) => {
    const seen: SeenKind = isRefused && column !== 'reason' ? `refused ${column}` : column;
    return sql`(kind = ${seen} and ${values ? isIn(kind, 'value', values) : contains(kind, 'value', piece)})`;
  });
  return { condition: sql`(${sql.join(each, sql` or `)})`, milliseconds: minuteMilliseconds };
}

/** More pairs than these are not looked for: such values are together often. */
const mostPairs = 2_000;

/** @returns undefined if pairs of the two are not noted, not known or too many */
function pairsOf(kind: DatabaseKind, one: Choice, other: Choice): TimesFilter | undefined {
  const each: Condition[] = [];
  let count = 0;
  for (const a of one.columns)
    for (const b of other.columns) {
      if (a.values?.length === 0 || b.values?.length === 0) continue;
      const pair = pairKind(a.column, b.column);
      if (!pair || !a.values || !b.values) return undefined;
      count += a.values.length * b.values.length;
      if (count > mostPairs) return undefined;
      const [first, second] = pair.isTurned ? [b.values, a.values] : [a.values, b.values];
      const values = first.flatMap((value) => second.map((next) => pairValue(value, next)));
      each.push(sql`(kind = ${pair.kind} and ${isIn(kind, 'value', values)})`);
    }
  return each.length === 0
    ? undefined
    : { condition: sql`(${sql.join(each, sql` or `)})`, milliseconds: pairMilliseconds };
}

function plainConditions({ verdict, caller, since, until }: FilterQuery): Condition[] {
  const isNone = sql`(person is null and verdict = 'deny')`;
  return [
    ...(verdict ? [sql`verdict = ${verdict}`] : []),
    ...(caller === 'none' ? [isNone] : []),
    ...(caller === 'known' ? [sql`not ${isNone}`] : []),
    ...(since ? [sql`at >= ${Date.parse(since)}`] : []),
    ...(until ? [sql`at <= ${Date.parse(until)}`] : []),
  ];
}

function contains(kind: DatabaseKind, column: string, piece: string): Condition {
  const like = kind === 'sqlite' ? sql`like` : sql`ilike`;
  return sql`${sql.ref(column)} ${like} ${`%${piece.replace(/[\\%_]/g, '\\$&')}%`} escape '\\'`;
}
