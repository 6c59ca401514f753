import { type RawBuilder, sql } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';
import type { RecordColumns } from './columns.ts';
import type { NameKind, PairKind } from './schema.ts';

/** Columns that a query may name together. Refusals are few, and noted by themselves. */
const pairs: readonly (readonly [NameKind, NameKind])[] = [
  ['person', 'server'],
  ['person', 'object'],
  ['person', 'method'],
  ['object', 'server'],
  ['method', 'server'],
];

/**
 * Pairs are noted by ten minutes: values that often occur are in each minute, but not together. A day has a tenth of the rows that
 * minutes would take, and ten minutes with one record of a page are read in less than a millisecond.
 */
export const pairMilliseconds = 600_000;

/** PostgreSQL's indexes take 2,704 bytes. What is the same up to here is looked at in vain, and not found. */
const longestPart = 200;
const between = '\n';

/** The values of pairs that occur in a record. */
export function pairsOf(values: Readonly<Partial<Record<NameKind, string>>>): { kind: PairKind; value: string }[] {
  return pairs.flatMap(([one, other]) => {
    const [a, b] = [values[one], values[other]];
    return a === undefined || b === undefined ? [] : [{ kind: `${one} ${other}` as const, value: pairValue(a, b) }];
  });
}

/** How two columns are noted together; undefined if they are not. `isTurned`: the other value comes first. */
export function pairKind(a: NameKind, b: NameKind): { kind: PairKind; isTurned: boolean } | undefined {
  const pair = pairs.find((each) => each.includes(a) && each.includes(b) && a !== b);
  return pair && { kind: `${pair[0]} ${pair[1]}`, isTurned: pair[0] !== a };
}

/** Two values as one. */
export function pairValue(first: string, second: string): string {
  return pairPart(first) + between + pairPart(second);
}

/** What a pair holds of a value. */
export function pairPart(value: string): string {
  return value.slice(0, longestPart).replaceAll(between, ' ').toWellFormed();
}

/** The parts of `value`, as SQL. */
export function partsInSql(kind: DatabaseKind): readonly [first: RawBuilder<string>, second: RawBuilder<string>] {
  return kind === 'sqlite'
    ? [sql`substr(value, 1, instr(value, char(10)) - 1)`, sql`substr(value, instr(value, char(10)) + 1)`]
    : [sql`split_part(value, chr(10), 1)`, sql`split_part(value, chr(10), 2)`];
}

/** What can be looked for in a row. A record without a person has the person ''. */
export function valuesIn(row: RecordColumns): Partial<Record<NameKind, string>> {
  const { reason, person, client, server, object, method } = row;
  const known = Object.entries({ reason, person: person ?? '', client, server, object, method });
  return Object.fromEntries(known.flatMap(([kind, value]) => (value === null ? [] : [[kind, value]])));
}
