import type { KnownTools } from '../../../../policy/known-tools.ts';
import type { Policy } from '../../../../policy/policy.ts';
import { covers } from '../../../../policy/review/rule-shape.ts';
import type { CatalogueEntry } from '../../../access/catalogue.ts';
import { isSet } from '../../../servers/server.ts';
import { effectOf } from '../shared/effect.ts';
import { holdersOf, scopesOf } from '../shared/holders.ts';
import { type Cell, cellOf, endingServers } from './cell.ts';
import type { MatrixQuery, Show } from './query.ts';

/** Cells that one page has: it is drawn in one go. */
const mostCells = 1_200;
const mostRows = 25;
const fewestRows = 5;
/** Columns that one page has. A search finds the others. */
const mostColumns = 60;

export interface Column {
  /** `group:` or `agent:` and a name. */
  to: string;
  /** Without the beginning that all groups share. */
  label: string;
  name: string;
  isAgent: boolean;
}

export interface MatrixInput {
  policy: Policy;
  known: KnownTools;
  servers: readonly CatalogueEntry[];
  query: MatrixQuery;
  /** Groups of a person whom the search names. */
  groups: readonly string[];
  now: number;
}

/** Groups and agents by servers: one page of the servers that fit the search. Pure. */
export function matrixOf({ policy, known, servers, query, groups, now }: MatrixInput) {
  const { columns: all, prefix } = columnsOf(policy);
  const { rowWords, columnWords } = wordsOf(query.text, servers, all, groups);
  const fits = all.filter(
    ({ name, label }) =>
      groups.includes(name) || columnWords.some((word) => name.toLowerCase().includes(word) || label === word),
  );
  const found = columnWords.length + groups.length > 0 ? fits : all;
  const columns = found.slice(0, mostColumns);
  const ending = endingServers(policy, now);
  const toolsOf = (server: CatalogueEntry) => server.health.tools.filter((tool) => isOf(query.show, effectOf(tool)));
  const isShown = (server: CatalogueEntry) => {
    if (query.show === 'ends') return ending.some((pattern) => covers(pattern, server.name));
    return query.show === 'all' || toolsOf(server).length > 0;
  };
  const fitting = servers.filter(
    (server) => isShown(server) && rowWords.every((word) => textOf(server).includes(word)),
  );
  const perPage = Math.max(fewestRows, Math.min(mostRows, Math.floor(mostCells / Math.max(1, columns.length))));
  const of = Math.max(1, Math.ceil(fitting.length / perPage));
  const page = Math.min(query.page, of);
  const scopes = new Map(columns.map(({ to }) => [to, scopesOf(policy, to)]));
  const cell = (server: CatalogueEntry, { to }: Column): Cell => {
    const tools = toolsOf(server).map(({ name }) => name);
    const about = { name: server.name, isSet: isSet(server) };
    return cellOf({ policy, known, scopes: scopes.get(to) ?? [], server: about, tools, now });
  };
  return {
    ...{
      columns,
      prefix,
      firstAgent: columns.findIndex(({ isAgent }) => isAgent),
      moreColumns: found.length - columns.length,
    },
    rows: fitting.slice((page - 1) * perPage, page * perPage).map((server) => ({
      server,
      cells: columns.map((column) => ({ column, ...cell(server, column) })),
    })),
    ...{ fitting: fitting.length, page, of },
    counts: countsOf(servers, ending),
    holders: { groups: all.filter((each) => !each.isAgent).length, agents: all.filter((each) => each.isAgent).length },
  };
}

export type Matrix = ReturnType<typeof matrixOf>;

function isOf(show: Show, effect: ReturnType<typeof effectOf>): boolean {
  if (show === 'changes') return effect !== 'reads';
  return show === 'destroys' ? effect === 'destroys' : true;
}

/** How many tools, and rules, each filter is about. */
function countsOf(servers: readonly CatalogueEntry[], ending: readonly string[]) {
  const effects = servers.flatMap(({ health }) => health.tools.map(effectOf));
  return {
    all: effects.length,
    changes: effects.filter((effect) => isOf('changes', effect)).length,
    destroys: effects.filter((effect) => isOf('destroys', effect)).length,
    ends: ending.length,
  };
}

function columnsOf(policy: Policy): { columns: Column[]; prefix: string } {
  const { groups, agents } = holdersOf(policy);
  const prefix = sharedBeginning(groups.map(({ name }) => name));
  const columns = [
    ...groups.map(({ value, name }) => ({ to: value, name, label: name.slice(prefix.length), isAgent: false })),
    ...agents.map(({ value, name }) => ({ to: value, name, label: name, isAgent: true })),
  ];
  return { columns, prefix };
}

/** What all names begin with, up to a `-`, `/`, `.` or `_`. Empty for one name, and if a name would have nothing left. */
function sharedBeginning(names: readonly string[]): string {
  const [first = '', ...others] = names;
  if (others.length === 0) return '';
  let length = 0;
  while (length < first.length && others.every((name) => name[length] === first[length])) length += 1;
  const shared = first.slice(0, length).replace(/[^-/._]*$/, '');
  return names.some((name) => name.length === shared.length) ? '' : shared;
}

/** Which words of a search are about servers, and which about groups: those that no server has, or that are a group's name. */
function wordsOf(
  text: string,
  servers: readonly CatalogueEntry[],
  columns: readonly Column[],
  groups: readonly string[],
): { rowWords: string[]; columnWords: string[] } {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (groups.length > 0) return { rowWords: [], columnWords: [] };
  const isName = (word: string) =>
    columns.some(({ name, label }) => [name, label].some((own) => own.toLowerCase() === word));
  const isInName = (word: string) => columns.some(({ name }) => name.toLowerCase().includes(word));
  const isOfServer = (word: string) => servers.some((server) => textOf(server).includes(word));
  const isColumn = (word: string) => isName(word) || (!isOfServer(word) && isInName(word));
  return { rowWords: words.filter((word) => !isColumn(word)), columnWords: words.filter(isColumn) };
}

/** Whether a search finds a server or a group: if not, it may name a person. */
export function findsNothing({ rows, columns }: Pick<Matrix, 'rows' | 'columns'>): boolean {
  return rows.length === 0 || columns.length === 0;
}

function textOf({ name, title, health }: CatalogueEntry): string {
  return [name, title, ...health.tools.map((tool) => tool.name)].join(' ').toLowerCase();
}
