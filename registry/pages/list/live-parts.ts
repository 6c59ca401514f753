import { digest, marksOf, type Part } from '../shared/digest.ts';
import type { List } from './list.ts';
import { listHref } from './query.ts';

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

function shownOn({ server, rights, waiting }: List['cards'][number]): unknown {
  const { name, revision, health } = server;
  const { status, error, checkedAt, tools } = health;
  return [name, revision, rights, waiting, status, error, checkedAt?.getTime() ?? 0, tools.length];
}
