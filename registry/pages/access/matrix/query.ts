/** Which tools the matrix counts. */
const shows = ['all', 'changes', 'destroys', 'ends'] as const;
export type Show = (typeof shows)[number];

/** What of the matrix is asked for. */
export interface MatrixQuery {
  /** Words; empty for everything. */
  text: string;
  show: Show;
  /** From 1. */
  page: number;
}

const longestText = 200;

/** Reads the query of the page's address. Invalid values count as the default. */
export function readMatrixQuery({ q, show, page }: Readonly<Record<string, unknown>>): MatrixQuery {
  return {
    text: typeof q === 'string' ? q.trim().slice(0, longestText) : '',
    show: shows.find((each) => each === show) ?? 'all',
    page: typeof page === 'string' && /^[1-9]\d{0,4}$/.test(page) ? Number(page) : 1,
  };
}

/** The address of the matrix, without default values. */
export function matrixHref({ text, show, page }: MatrixQuery): string {
  const params = new URLSearchParams({
    ...(text && { q: text }),
    ...(show !== 'all' && { show }),
    ...(page > 1 && { page: String(page) }),
  });
  return params.size > 0 ? `/access?${params}` : '/access';
}
