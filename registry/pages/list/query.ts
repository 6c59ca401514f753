/** Which servers a list shows. `enabled` has no button of its own: `issues` and `working` are its halves. */
export const shows = ['all', 'issues', 'working', 'disabled', 'enabled'] as const;
export type Show = (typeof shows)[number];

export interface ListQuery {
  /** The search text; empty for all servers. */
  q: string;
  show: Show;
  /** From 1. */
  page: number;
}

const longestQuery = 200;

/** Reads the query of a list's address. Invalid values count as the default. */
export function readListQuery({ q, show, page }: Readonly<Record<string, unknown>>): ListQuery {
  return {
    q: typeof q === 'string' ? q.trim().slice(0, longestQuery) : '',
    show: shows.find((each) => each === show) ?? 'all',
    page: typeof page === 'string' && /^[1-9]\d{0,4}$/.test(page) ? Number(page) : 1,
  };
}

/** The address of a list, without default values. */
export function listHref({ q, show, page }: ListQuery, path = '/'): string {
  const params = new URLSearchParams();
  if (q) params.set('q', q);
  if (show !== 'all') params.set('show', show);
  if (page > 1) params.set('page', String(page));
  return params.size > 0 ? `${path}?${params}` : path;
}
