/** Which servers a list shows. */
export const shows = ['all', 'enabled', 'disabled', 'issues'] as const;
export type Show = (typeof shows)[number];

/** What the address of a list says. */
export interface ListQuery {
  /** What is looked for; empty for everything. */
  q: string;
  show: Show;
  /** From 1. */
  page: number;
}

const longestQuery = 200;

/** Reads the address of a list; whatever makes no sense is taken for the usual. */
export function readListQuery(query: Readonly<Record<string, unknown>>): ListQuery {
  const { q, show, page } = query;
  const number = typeof page === 'string' && /^[1-9]\d{0,4}$/.test(page) ? Number(page) : 1;
  return {
    q: typeof q === 'string' ? q.trim().slice(0, longestQuery) : '',
    show: shows.find((each) => each === show) ?? 'all',
    page: number,
  };
}

/** The address of a list, without what is the usual. */
export function listHref({ q, show, page }: ListQuery, path = '/'): string {
  const params = new URLSearchParams();
  if (q) params.set('q', q);
  if (show !== 'all') params.set('show', show);
  if (page > 1) params.set('page', String(page));
  return params.size > 0 ? `${path}?${params}` : path;
}
