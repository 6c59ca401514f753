import type { ApprovedTools } from '../../../policy/approved-tools.ts';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUiSomewhere } from '../../../policy/ui.ts';
import { type Catalogue, type CatalogueEntry, inOrder } from '../../access/catalogue.ts';
import type { Person } from '../../access/guards.ts';
import type { ApprovedDefinitions } from '../../pins/approved-definitions.ts';
import type { ToolSearch } from '../../search/tool-search.ts';
import { digest, marksOf, type Part } from '../shared/digest.ts';
import { rightsOn } from '../shared/rights-on.ts';
import { type ListQuery, listHref, type Show, shows } from './query.ts';

export interface ListParts {
  catalogue: Catalogue;
  policy: () => Policy;
  definitions: Pick<ApprovedDefinitions, 'hashes'>;
  approved: () => ApprovedTools | undefined;
  search: Pick<ToolSearch, 'servers'>;
}

/** A page of 50 cards has about 100 kB, which a browser draws at once. */
const perPage = 50;

const labels: Record<Show, string> = { all: 'All', enabled: 'Enabled', disabled: 'Disabled', issues: 'With issues' };

type List = ReturnType<typeof listFor>;

/**
 * The servers that `person` may see and that match `query`. A page beyond the last counts as the last. `fitting` counts the
 * matches on all pages, `waiting` the tools of a server that wait for approval; `statistics` are about all that they see.
 */
export function listFor(
  { catalogue, policy, definitions, approved, search }: ListParts,
  person: Person,
  query: ListQuery,
) {
  const all = catalogue.list(person);
  const found = query.q ? inOrder(all, search.servers(person, query.q)) : all;
  const waitingOf = (name: string) => definitions.hashes().get(name)?.pending.size ?? 0;
  const isShown: Record<Show, (server: CatalogueEntry) => boolean> = {
    all: () => true,
    enabled: ({ enabled }) => enabled,
    disabled: ({ enabled }) => !enabled,
    issues: (server) => hasIssue(server, waitingOf(server.name)),
  };
  const fitting = found.filter(isShown[query.show]);
  const last = Math.max(1, Math.ceil(fitting.length / perPage));
  const number = Math.min(query.page, last);
  const back = listHref({ ...query, page: number });
  const onPage = (page: number) => listHref({ ...query, page });
  return {
    query: { ...query, page: number },
    statistics: {
      servers: all.length,
      healthy: all.filter(
        ({ name, enabled, health }) => enabled && health.status === 'healthy' && waitingOf(name) === 0,
      ).length,
      issues: all.filter(isShown.issues).length,
      disabled: all.filter(isShown.disabled).length,
      tools: all.reduce((sum, { enabled, health }) => sum + (enabled ? health.tools.length : 0), 0),
    },
    filters: shows.map((show) => ({
      show,
      label: labels[show],
      href: listHref({ ...query, show, page: 1 }),
      count: found.filter(isShown[show]).length,
      current: show === query.show,
    })),
    cards: fitting.slice((number - 1) * perPage, number * perPage).map((server) => ({
      server,
      rights: rightsOn(policy(), person, server.name, server.enabled),
      waiting: server.enabled ? waitingOf(server.name) : 0,
      refused: approved() !== undefined,
      /** Where its forms redirect to. */
      back,
    })),
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

/** Whether it needs attention: it is not healthy, its last check failed, or tools wait for approval. */
function hasIssue({ enabled, health }: CatalogueEntry, waiting: number): boolean {
  if (!enabled || health.status === 'unknown') return false;
  return health.status !== 'healthy' || health.error !== null || waiting > 0;
}

/** The address of a list's event stream. */
export function listLive(list: List): string {
  const href = listHref(list.query, '/-/live');
  return `${href}${href.includes('?') ? '&' : '?'}have=${marksOf(listParts(list))}`;
}

/**
 * The parts of a list in drawing order: first the results as a whole, whose mark covers only which servers there are, then
 * the statistics and each card.
 */
export function listParts(list: List): Part[] {
  const { cards, filters, statistics, pages, fitting } = list;
  const frame = [cards.map(({ server }) => server.name), pages, fitting, filters.map(({ href }) => href)];
  const numbers = [statistics, filters.map(({ count }) => count)];
  return [
    { id: 'results', mark: digest(['results', frame]), template: 'results', data: { list } },
    { id: 'statistics', mark: digest(['statistics', numbers]), template: 'statistics', data: { list } },
    ...cards.map((card) => {
      const id = `card-${card.server.name}`;
      return { id, mark: digest(shownOn(card)), template: 'card', data: { card } };
    }),
  ];
}

function shownOn({ server, rights, waiting, refused }: List['cards'][number]): unknown {
  const { name, revision, health } = server;
  const { status, error, checkedAt, tools } = health;
  return [name, revision, rights, waiting, refused, status, error, checkedAt?.getTime() ?? 0, tools.length];
}
