/**
 * Which servers a list shows. `enabled` has no button of its own: `issues` and `working` are its halves. `review` has one while
 * tools wait for the person's approval.
 */
export const shows = ['all', 'issues', 'review', 'working', 'disabled', 'enabled'] as const;
export type Show = (typeof shows)[number];

/** The order of a list. `problems` has groups, the others have none. */
export const sorts = ['problems', 'name', 'changed'] as const;
export type Sort = (typeof sorts)[number];

export interface ListQuery {
  /** The search text; empty for all servers. */
  q: string;
  show: Show;
  /** Only servers with this tag; empty for all. */
  tag: string;
  sort: Sort;
  /** From 1. */
  page: number;
}

const longestQuery = 200;

/** Reads the query of a list's address. Invalid values count as the default. */
export function readListQuery({ q, show, tag, sort, page }: Readonly<Record<string, unknown>>): ListQuery {
  const text = (value: unknown) => (typeof value === 'string' ? value.trim().slice(0, longestQuery) : '');
  return {
    q: text(q),
    show: shows.find((each) => each === show) ?? 'all',
    tag: text(tag),
    sort: sorts.find((each) => each === sort) ?? 'problems',
    page: typeof page === 'string' && /^[1-9]\d{0,4}$/.test(page) ? Number(page) : 1,
  };
}

/** The address of a list, without default values. */
export function listHref({ q, show, tag, sort, page }: ListQuery, path = '/'): string {
  const params = new URLSearchParams();
  if (q) params.set('q', q);
  if (show !== 'all') params.set('show', show);
  if (tag) params.set('tag', tag);
  if (sort !== 'problems') params.set('sort', sort);
  if (page > 1) params.set('page', String(page));
  return params.size > 0 ? `${path}?${params}` : path;
}
