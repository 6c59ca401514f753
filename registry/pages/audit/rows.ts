import type { Decision } from '../../../common/doors/decisions.ts';
import { inWords, shortened } from '../shared/format.ts';
import { isEvent, isReading, isVisit, reasonWords, viaWords, whatHappened, whoAsked } from './words.ts';

/** One line of the list. */
type Row = ReturnType<typeof rowOf>;

/** A line, or several alike that follow each other, which open. */
type Item = { row: Row; fold: undefined } | { row: undefined; fold: Fold };

/** Callers may name what they like. The record has the whole name. */
export const longestName = 120;

/** What is not worth a line each: visits of people who are not signed in yet, and that one reads this page. */
const folds = {
  visits: { one: 'visit without sign-in', many: 'visits without sign-in', has: isVisit },
  readings: { one: 'reading of the audit', many: 'readings of the audit', has: isReading },
} as const;
type FoldKind = keyof typeof folds;

interface Fold {
  kind: FoldKind;
  /** That of the oldest, which stays the same while newer ones come. */
  id: string;
  at: Date;
  one: string;
  many: string;
  /** Why visits were refused, or who reads. */
  why: string;
  rows: readonly Row[];
}

/**
 * The list: days in UTC, each with its lines. Visits without a sign-in that follow each other become one line, and so do readings
 * of the audit.
 * @param decisions newest first
 * @param hrefOf the address of a decision
 */
export function daysOf(
  decisions: readonly Decision[],
  hrefOf: (decision: Decision) => string,
): { at: Date; items: Item[] }[] {
  const days = [...Map.groupBy(decisions, ({ at }) => at.slice(0, 10)).values()];
  return days.map((ofDay) => ({
    at: new Date(ofDay[0]?.at ?? ''),
    items: folded(ofDay.map((decision) => rowOf(decision, hrefOf(decision)))).map(itemOf),
  }));
}

/** Puts together those of the same kind that follow each other. */
function folded(rows: readonly Row[]): [Row, ...Row[]][] {
  const groups: [Row, ...Row[]][] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    if (last && row.fold !== undefined && last[0].fold === row.fold) last.push(row);
    else groups.push([row]);
  }
  return groups;
}

function itemOf(rows: readonly [Row, ...Row[]]): Item {
  const [row] = rows;
  if (rows.length === 1 || row.fold === undefined) return { row, fold: undefined };
  const { one, many } = folds[row.fold];
  const why = inWords([...new Set(rows.map(({ why, who }) => why || who.name))]);
  const fold = { kind: row.fold, id: `${row.fold}-${rows.at(-1)?.id}`, at: row.at, one, many, why, rows };
  return { row: undefined, fold };
}

function foldOf(decision: Decision): FoldKind | undefined {
  return (Object.keys(folds) as FoldKind[]).find((kind) => folds[kind].has(decision));
}

function rowOf(decision: Decision, href: string) {
  const { id, verdict, reason, rule, server, resource, method, http, object, objects, client_name, via } = decision;
  const kind = isEvent(decision) ? 'event' : verdict;
  const where = server ?? (resource === 'registry' ? 'the registry' : '');
  return {
    ...{ id, href, kind, at: new Date(decision.at), fold: foldOf(decision), who: whoAsked(decision), reason },
    where: kind === 'event' ? '' : where || '–',
    /** An event in words; of a decision, the MCP method or the HTTP request. */
    what: kind === 'event' ? [whatHappened(decision), server ?? ''].join(' ').trim() : (method ?? http ?? ''),
    object: kind === 'event' || object === undefined ? undefined : shortened(object, longestName),
    more: objects === undefined || objects < 2 ? '' : `and ${objects - 1} more`,
    via: viaWords(via),
    client: client_name,
    rule: kind === 'allow' ? rule : undefined,
    why: kind === 'event' ? '' : kind === 'deny' ? (reasonWords[reason ?? ''] ?? reason ?? '') : 'signed in',
  };
}
