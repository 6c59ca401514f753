import type { KnownTools } from '../../../policy/known-tools.ts';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUiSomewhere } from '../../../policy/ui.ts';
import { type Catalogue, type CatalogueEntry, inOrder } from '../../access/catalogue.ts';
import type { Person } from '../../access/guards.ts';
import type { ApprovedDefinitions } from '../../pins/approved-definitions.ts';
import type { ToolSearch } from '../../search/tool-search.ts';
import { digest, marksOf, type Part } from '../shared/digest.ts';
import { rightsOn } from '../shared/rights-on.ts';
import { shownStatus } from '../shared/shown-status.ts';
import { menusFor } from './menus.ts';
import { type ListQuery, listHref, type Show, type Sort, shows } from './query.ts';

export interface ListParts {
  catalogue: Catalogue;
  policy: () => Policy;
  definitions: Pick<ApprovedDefinitions, 'hashes'>;
  knownTools: () => KnownTools;
  search: Pick<ToolSearch, 'servers'>;
  /** The hash of a server's icon, if this registry has it. */
  iconOf: (server: string) => string | undefined;
}

/** A page of 50 rows has about 100 kB, which a browser draws at once. */
const perPage = 50;

const labels: Record<Show, string> = {
  all: 'All',
  issues: 'Needs attention',
  review: 'To review',
  working: 'Working',
  disabled: 'Out of service',
  enabled: 'Enabled',
};
const emptyBecause: Record<Show, string> = {
  all: 'There is no server that you may see.',
  issues: 'Every enabled server answered when it was last asked, and no tool waits for approval.',
  review: 'No tool of a server that you may change waits for approval.',
  working: 'Every server that you may see needs attention, or is disabled.',
  disabled: 'No server that you may see is disabled.',
  enabled: 'Every server that you may see is disabled.',
};
/** The heading of a list without groups. */
const orders: Record<Exclude<Sort, 'problems'>, string> = { name: 'By name', changed: 'Last changed first' };
/** The groups of a list, problems first. */
const groups = ['issues', 'working', 'disabled'] as const;

type List = ReturnType<typeof listFor>;

/**
 * The servers that `person` may see and that match `query`, in groups. A page beyond the last counts as the last. `fitting`
 * counts the matches on all pages, `waiting` the tools of a server that wait for approval.
 */
export function listFor(
  { catalogue, policy, definitions, knownTools, search, iconOf }: ListParts,
  person: Person,
  query: ListQuery,
) {
  const all = catalogue.list(person);
  const tagged = query.tag ? all.filter(({ tags }) => tags.includes(query.tag)) : all;
  const found = query.q ? inOrder(tagged, search.servers(person, query.q)) : tagged;
  const waitingOf = ({ name, enabled }: CatalogueEntry) =>
    enabled ? (definitions.hashes().get(name)?.pending.size ?? 0) : 0;
  const statusOf = (server: CatalogueEntry) => shownStatus(server, waitingOf(server));
  const groupOf = (server: CatalogueEntry) => groupFor(server, waitingOf(server));
  const isToReview = (server: CatalogueEntry) => waitingOf(server) > 0 && rightsOn(policy(), person, server).approve;
  const isShown = (show: Show) => (server: CatalogueEntry) => {
    if (show === 'review') return isToReview(server);
    return show === 'all' || (show === 'enabled' ? server.enabled : show === groupOf(server));
  };
  // A stable sort: in a group the order of the search or of the alphabet stays, with broken servers first.
  const rank = (server: CatalogueEntry) =>
    2 * groups.indexOf(groupOf(server)) - (statusOf(server) === 'unhealthy' ? 1 : 0);
  const fitting = found.filter(isShown(query.show)).sort(inOrderOf(query.sort, rank));
  const last = Math.max(1, Math.ceil(fitting.length / perPage));
  const number = Math.min(query.page, last);
  const back = listHref({ ...query, page: number });
  const onPage = (page: number) => listHref({ ...query, page });
  const rows = fitting.slice((number - 1) * perPage, number * perPage).map((server) => {
    const rights = rightsOn(policy(), person, server);
    const refused = knownTools().approved !== undefined;
    /** `back`: where its forms redirect to. */
    return {
      server,
      icon: iconOf(server.name),
      group: groupOf(server),
      status: statusOf(server),
      rights,
      waiting: waitingOf(server),
      refused,
      back,
    };
  });
  return {
    query: { ...query, page: number },
    isEmpty: all.length === 0,
    /** The servers with tools to review that this person may approve. */
    attention: all
      .filter(isToReview)
      .map((server) => ({ name: server.name, title: server.title, waiting: waitingOf(server) })),
    filters: shows
      .filter((show) => show === query.show || (show === 'review' ? all.some(isToReview) : show !== 'enabled'))
      .map((show) => ({
        show,
        label: labels[show],
        href: listHref({ ...query, show, page: 1 }),
        count: found.filter(isShown(show)).length,
        current: show === query.show,
      })),
    rows,
    groups: groupsOf(query.sort, rows, fitting, groupOf),
    ...menusFor(all, query),
    clear: listHref({ ...query, q: '', page: 1 }),
    why: emptyBecause[query.show],
    fitting: fitting.length,
    pages: {
      number,
      of: last,
      previous: number > 1 ? onPage(number - 1) : undefined,
      next: number < last ? onPage(number + 1) : undefined,
    },
    mayRegister: mayUseUiSomewhere(policy(), person.scopes, 'register_service'),
  };
}

function inOrderOf(sort: Sort, rank: (server: CatalogueEntry) => number) {
  return (a: CatalogueEntry, b: CatalogueEntry): number => {
    if (sort === 'problems') return rank(a) - rank(b);
    return sort === 'name' ? a.title.localeCompare(b.title, 'en') : b.updatedAt.getTime() - a.updatedAt.getTime();
  };
}

/** The rows under their headings, each with the number of servers under it on all pages. */
function groupsOf<Row extends { group: (typeof groups)[number] }>(
  sort: Sort,
  rows: readonly Row[],
  fitting: readonly CatalogueEntry[],
  groupOf: (server: CatalogueEntry) => Row['group'],
) {
  if (sort !== 'problems') return rows.length > 0 ? [{ label: orders[sort], count: fitting.length, rows }] : [];
  return groups.flatMap((group) => {
    const own = rows.filter((row) => row.group === group);
    const count = fitting.filter((server) => groupOf(server) === group).length;
    return own.length > 0 ? [{ label: labels[group], count, rows: own }] : [];
  });
}

/** A server needs attention if it is not healthy, its last check failed, or its tools or a change by its owner wait for a look. */
function groupFor({ enabled, awaits, health }: CatalogueEntry, waiting: number): (typeof groups)[number] {
  if (awaits) return 'issues';
  if (!enabled) return 'disabled';
  if (health.status === 'unknown') return 'working';
  return health.status !== 'healthy' || health.error !== null || waiting > 0 ? 'issues' : 'working';
}

/** The address of a list's event stream. */
export function listLive(list: List): string {
  const href = listHref(list.query, '/-/live');
  return `${href}${href.includes('?') ? '&' : '?'}have=${marksOf(listParts(list))}`;
}

/**
 * The parts of a list in drawing order: first the results as a whole, whose mark covers only which servers there are and in
 * which groups, then the banner, the filters and each row.
 */
export function listParts(list: List): Part[] {
  const { rows, groups, attention, filters, pages, fitting } = list;
  const frame = [
    rows.map(({ server, group }) => [server.name, group]),
    groups.map(({ count }) => count),
    pages,
    fitting,
  ];
  const data = { list };
  return [
    {
      id: 'results',
      mark: digest(['results', frame, filters.map(({ href }) => href)]),
      template: 'list/results',
      data,
    },
    {
      id: 'to-review',
      mark: digest(['to-review', attention.length]),
      template: 'list/to-review',
      data: { count: attention.length },
    },
    { id: 'attention', mark: digest(['attention', attention]), template: 'parts/attention', data },
    {
      id: 'states',
      mark: digest(['states', filters.map(({ show, count }) => [show, count])]),
      template: 'parts/states',
      data,
    },
    ...rows.map((row) => {
      const id = `row-${row.server.name}`;
      return { id, mark: digest(shownOn(row)), template: 'list/row', data: { row } };
    }),
  ];
}

function shownOn({ server, icon, rights, waiting, refused, status }: List['rows'][number]): unknown {
  const { name, revision, health } = server;
  const { error, tools, details } = health;
  return [name, revision, icon, rights, waiting, refused, status, error, tools.length, details?.latencyMs ?? null];
}
