import type { Decision } from '../../../common/policy/decisions.ts';
import { counted, inWords, shortened } from '../shared/format.ts';
import { isEvent, isVisit, reasonWords, viaWords, whatHappened, whoAsked } from './words.ts';

/** One line of the list. */
type Row = ReturnType<typeof rowOf>;

/** A line, or several refusals in a row of requests without a caller, which open. */
type Item = { row: Row; visits: undefined } | { row: undefined; visits: Visits };

/** Callers may name what they like. The record has the whole name. */
export const longestName = 120;

interface Visits {
  /** That of the oldest, which stays the same while newer ones come. */
  id: string;
  at: Date;
  words: string;
  /** Why they were refused. */
  why: string;
  rows: readonly Row[];
}

/**
 * The list: days in UTC, each with its lines. Refusals without a caller that follow each other become one line.
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
    items: folded(ofDay).map((group) => itemOf(group, hrefOf)),
  }));
}

/** Puts together the visits that follow each other. */
function folded(decisions: readonly Decision[]): Decision[][] {
  const groups: Decision[][] = [];
  for (const decision of decisions) {
    const last = groups.at(-1);
    if (last?.[0] && isVisit(last[0]) && isVisit(decision)) last.push(decision);
    else groups.push([decision]);
  }
  return groups;
}

function itemOf(group: readonly Decision[], hrefOf: (decision: Decision) => string): Item {
  const rows = group.map((decision) => rowOf(decision, hrefOf(decision)));
  const [row] = rows;
  if (row && (rows.length === 1 || !row.isVisit)) return { row, visits: undefined };
  return {
    row: undefined,
    visits: {
      id: `visits-${rows.at(-1)?.id}`,
      at: row?.at ?? new Date(0),
      words: `${counted(rows.length, 'visit')} without sign-in`,
      why: inWords([...new Set(rows.map(({ why }) => why))]),
      rows,
    },
  };
}

function rowOf(decision: Decision, href: string) {
  const { id, verdict, reason, rule, server, resource, method, http, object, objects, client_name, via } = decision;
  const kind = isEvent(decision) ? 'event' : verdict;
  const where = server ?? (resource === 'registry' ? 'the registry' : '');
  return {
    ...{ id, href, kind, at: new Date(decision.at), isVisit: isVisit(decision), who: whoAsked(decision), reason },
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
