import type { DecisionSums } from '../../../common/doors/decisions.ts';
import { shortened } from '../shared/format.ts';
import { type Filters, linkTo } from './filters.ts';
import { longestName } from './rows.ts';
import { reasonWords } from './words.ts';

type SumRow = DecisionSums['rows'][number];

/** Shown of each kind; the table has more. */
const mostShown = 5;
const mostTogether = 50;

/** What the sums call names that are in no catalogue: callers may invent any number. */
const other = 'other';
const registry = '#registry';
/** What the filter of servers calls the registry. */
const registryName = 'the registry';

/**
 * The sums of what is filtered: by person, by tool and by reason, and by all three together. Each is a link that filters.
 * @param sums most first
 */
export function sumsOf({ rows, cut }: DecisionSums, filters: Filters) {
  const total = sumUp(rows);
  const refused = sumUp(rows.filter(({ reason }) => reason !== ''));
  const link = (more: Partial<Filters>) => linkTo('/audit', filters, more);
  const parts = [
    part(
      'By person',
      rows,
      ({ person, reason }) => person ?? (reason ? '-' : ''),
      (row) => ({
        ...{ name: whoOf(row), of: '', href: link(personFilter(row)), isCode: false },
      }),
    ),
    part(
      'By tool',
      rows.filter(({ tool }) => tool !== ''),
      ({ server, tool }) => `${server} ${tool}`,
      (row) => ({
        ...{ ...toolOf(row), of: serverOf(row), href: link(toolFilter(row)) },
      }),
    ),
    part(
      'Refused, by reason',
      rows.filter(({ reason }) => reason !== ''),
      ({ reason }) => reason,
      ({ reason }) => ({
        ...{ name: reasonWords[reason] ?? reason, of: '', href: link({ verdict: 'deny', reason }), isCode: false },
      }),
    ),
  ];
  return {
    ...{ total, refused, cut },
    parts: parts.filter(({ lines }) => lines.length > 0),
    together: rows.slice(0, mostTogether).map((row) => ({
      who: whoOf(row),
      server: serverOf(row),
      tool: toolOf(row),
      why: row.reason && (reasonWords[row.reason] ?? row.reason),
      count: row.count,
      href: link({ ...personFilter(row), ...toolFilter(row), ...reasonFilter(row) }),
    })),
    combinations: rows.length,
  };
}

/** Sums rows that have the same key, most first; `share` of the most, in percent. */
function part(
  title: string,
  rows: readonly SumRow[],
  keyOf: (row: SumRow) => string,
  show: (row: SumRow) => { name: string; of: string; href: string; isCode: boolean },
) {
  const groups = [...Map.groupBy(rows, keyOf).values()].flatMap((group) => {
    const [first] = group;
    return first
      ? [{ ...show(first), count: sumUp(group), isRefused: group.every(({ reason }) => reason !== '') }]
      : [];
  });
  groups.sort((a, b) => b.count - a.count);
  const most = groups[0]?.count ?? 1;
  const lines = groups.slice(0, mostShown).map((line) => ({ ...line, share: (100 * line.count) / most }));
  return { title, lines, left: groups.length - lines.length };
}

const sumUp = (rows: readonly SumRow[]): number => rows.reduce((sum, { count }) => sum + count, 0);

function whoOf({ person, name, reason }: SumRow): string {
  return name || (person ?? (reason ? 'Not signed in' : 'No caller'));
}
const serverOf = ({ server }: SumRow): string =>
  server === registry ? registryName : server === other ? 'another server' : server;

function personFilter({ person, reason }: SumRow): Partial<Filters> {
  if (person !== null) return { person, caller: '' };
  return reason ? { caller: 'none', person: '' } : {};
}
/** What is counted under no name of its own filters nothing. */
function toolFilter({ server, tool }: SumRow): Partial<Filters> {
  return {
    ...(server !== other && { server: server === registry ? registryName : server }),
    ...(tool !== other && { tool }),
  };
}

function toolOf({ tool }: SumRow): { name: string; isCode: boolean } {
  return tool === other
    ? { name: 'a tool that is not known', isCode: false }
    : { name: shortened(tool, longestName), isCode: true };
}

const reasonFilter = ({ reason }: SumRow): Partial<Filters> =>
  reason === '' ? { verdict: 'allow', reason: '' } : { verdict: 'deny', reason };
