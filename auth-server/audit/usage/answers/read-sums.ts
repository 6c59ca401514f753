import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { RuleUse } from '../../../../policy/review/unused-rights.ts';
import { callMethods } from '../../call-methods.ts';
import type { MainSchema } from '../../store/schema.ts';
import { bucketColumns, type Dimension } from '../../store/sum-tables.ts';
import type { Counts } from '../sums/counts.ts';
import type { Segment } from '../sums/spans.ts';
import { allowed } from '../sums/sum-key.ts';
import { textsOf } from '../sums/words.ts';

type On = Kysely<MainSchema>;

/** A sum of calls for the dimensions that were asked for. */
export interface Group<Name extends Dimension> {
  /** Hours since 1970; 0 if the query is not by time. */
  at: number;
  key: Record<Name, string>;
  counts: Counts;
}

type Row = Record<string, number | null>;

/**
 * Sums calls of callers who were identified, over some hours.
 * @param by dimensions of the groups
 * @param byTime whether each hour or day has groups of its own
 */
export async function readCalls<Name extends Dimension>(
  on: On,
  segments: readonly Segment[],
  by: readonly Name[],
  byTime = false,
): Promise<Group<Name>[]> {
  const methods = await idsOf(on, 'method', callMethods);
  const [isAllowed = -1] = await idsOf(on, 'outcome', [allowed]);
  const [none = -1] = await idsOf(on, 'kind', ['none']);
  if (methods.length === 0) return [];
  const names = [...(byTime ? ['at'] : []), ...by].map((name) => sql.ref(name));
  const groups = names.length > 0 ? sql`group by ${sql.join(names)}` : sql``;
  const times = bucketColumns.map((name) => sql`sum(${sql.ref(name)}) as ${sql.ref(name)}`);
  const rows: Row[] = [];
  for (const { hours, from, to } of segments) {
    const found = await sql<Row>`select ${sql.join([...names, sql`max(last) as last`])}, sum(calls) as calls,
      sum(case when outcome = ${isAllowed} then 0 else calls end) as refused, sum(measured) as measured,
      sum(errors) as errors, ${sql.join(times)}
      from audit_sum where hours = ${hours} and at >= ${from} and at < ${to} and kind <> ${none}
      and method in (${sql.join(methods)}) ${groups}`.execute(on);
    for (const row of found.rows) rows.push(row);
    await nextTurn();
  }
  return await groupsOf(on, rows, by);
}

async function groupsOf<Name extends Dimension>(on: On, rows: Row[], by: readonly Name[]): Promise<Group<Name>[]> {
  const texts = await textsOf(on, new Set(rows.flatMap((row) => by.map((name) => row[name] ?? 0))));
  return rows.flatMap((row) => {
    if (!row.calls) return [];
    const key = Object.fromEntries(by.map((name) => [name, texts.get(row[name] ?? 0) ?? ''])) as Record<Name, string>;
    return [{ at: row.at ?? 0, key, counts: countsOf(row) }];
  });
}

function countsOf(row: Row): Counts {
  const { calls, refused, measured, errors, last } = row;
  return {
    calls: calls ?? 0,
    refused: refused ?? 0,
    measured: measured ?? 0,
    errors: errors ?? 0,
    last: last ?? 0,
    times: measured ? bucketColumns.map((name) => row[name] ?? 0) : undefined,
  };
}

/** The numbers of those texts that have one. */
async function idsOf(on: On, kind: Dimension, texts: readonly string[]): Promise<number[]> {
  const rows = on.selectFrom('audit_word').select('id').where('kind', '=', kind).where('text', 'in', texts);
  return (await rows.execute()).map(({ id }) => id);
}

/** What rules have allowed, in some hours. */
export async function readUses(on: On, segments: readonly Segment[]): Promise<RuleUse[]> {
  const [isAllowed = -1] = await idsOf(on, 'outcome', [allowed]);
  const rows: { rule: number; server: number; method: number; object: number; last: number }[] = [];
  for (const { hours, from, to } of segments) {
    const found = await on
      .selectFrom('audit_sum')
      .select(['rule', 'server', 'method', 'object'])
      .select((eb) => eb.fn.max('last').as('last'))
      .where('hours', '=', hours)
      .where('at', '>=', from)
      .where('at', '<', to)
      .where('outcome', '=', isAllowed)
      .where('rule', '<>', 0)
      .groupBy(['rule', 'server', 'method', 'object'])
      .execute();
    for (const row of found) rows.push(row);
    await nextTurn();
  }
  const texts = await textsOf(on, new Set(rows.flatMap((row) => [row.rule, row.server, row.method, row.object])));
  const text = (id: number) => texts.get(id) ?? '';
  return rows.map(({ last, rule, server, method, object }) => ({
    rule: text(rule),
    server: text(server),
    method: text(method),
    object: text(object),
    last,
  }));
}
