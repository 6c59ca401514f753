import type { CatalogueEntry } from '../../access/catalogue.ts';
import { type ListQuery, listHref, type Sort, sorts } from './query.ts';

/** A menu of more tags would be longer than most lists. The search finds the others. */
const mostTags = 20;

const sortLabels: Record<Sort, string> = { problems: 'Problems first', name: 'Name', changed: 'Last changed' };

/** The menus of a list: the most frequent tags of all servers that the person may see, and the orders. Each entry is an address. */
export function menusFor(all: readonly CatalogueEntry[], query: ListQuery) {
  const counts = new Map<string, number>();
  for (const tag of all.flatMap(({ tags }) => [...new Set(tags)])) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  const frequent = [...counts].sort(([a, one], [b, other]) => other - one || a.localeCompare(b, 'en'));
  const href = (change: Partial<ListQuery>) => listHref({ ...query, ...change, page: 1 });
  return {
    tags: frequent.slice(0, mostTags).map(([tag, count]) => ({
      label: tag,
      count,
      href: href({ tag }),
      current: tag === query.tag,
    })),
    /** The address of the list with servers of all tags. */
    anyTag: href({ tag: '' }),
    sorts: sorts.map((sort) => ({ label: sortLabels[sort], href: href({ sort }), current: sort === query.sort })),
  };
}
