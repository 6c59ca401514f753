import { digest, marksOf, type Part } from '../shared/digest.ts';
import type { Card, List } from './list.ts';
import { listHref } from './query.ts';

/** Where the page of a list hears what changes. */
export function listLive(list: List): string {
  const href = listHref(list.query, '/-/live');
  return `${href}${href.includes('?') ? '&' : '?'}have=${marksOf(listParts(list))}`;
}

/**
 * The parts of a list, in the order to be drawn: the results as a whole, whose mark says only which servers are there, then
 * each card.
 */
export function listParts(list: List): Part[] {
  const { cards, filters, statistics, pages, fitting } = list;
  const frame = [cards.map(({ server }) => server.name), pages, fitting, filters.map(({ href }) => href)];
  const numbers = [statistics, filters.map(({ count }) => count)];
  return [
    { id: 'results', mark: digest(['results', frame]), view: 'results', data: { list } },
    { id: 'statistics', mark: digest(['statistics', numbers]), view: 'statistics', data: { list } },
    ...cards.map(
      (card): Part => ({
        id: `card-${card.server.name}`,
        mark: digest(cardMark(card)),
        view: 'card',
        data: { card },
      }),
    ),
  ];
}

function cardMark({ server, rights, waiting }: Card): unknown {
  const { name, revision, health } = server;
  const { status, error, checkedAt, tools } = health;
  return [name, revision, rights, waiting, status, error, checkedAt?.getTime() ?? 0, tools.length];
}
