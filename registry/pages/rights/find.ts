import type { CatalogueEntry } from '../../access/catalogue.ts';

/** What of “My rights” is looked for. */
interface Find {
  /** Words; empty for all servers. */
  text: string;
  /** From 1. */
  page: number;
}

/** Fifty servers with their tools are some 2,000 pixels high. */
const perPage = 50;
const longestFind = 200;

/** Reads the query of the page's address. Invalid values count as the default. */
export function readFind({ find, page }: Readonly<Record<string, unknown>>): Find {
  return {
    text: typeof find === 'string' ? find.trim().slice(0, longestFind) : '',
    page: typeof page === 'string' && /^[1-9]\d{0,4}$/.test(page) ? Number(page) : 1,
  };
}

/** The servers that have all words in their name, title or tools, and one page of them. A page beyond the last counts as the last. */
export function findServers(servers: readonly CatalogueEntry[], { text, page }: Find) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = servers.filter(({ name, title, health }) => {
    const own = [name, title, ...health.tools.map((tool) => tool.name)].join(' ').toLowerCase();
    return words.every((word) => own.includes(word));
  });
  const of = Math.max(1, Math.ceil(fitting.length / perPage));
  const number = Math.min(page, of);
  const href = (to: number) => {
    const params = new URLSearchParams([...(text ? [['find', text]] : []), ...(to > 1 ? [['page', String(to)]] : [])]);
    return `/rights${params.size > 0 ? `?${params}` : ''}#servers`;
  };
  return {
    text,
    all: servers.length,
    fitting: fitting.length,
    shown: fitting.slice((number - 1) * perPage, number * perPage),
    pages: {
      number,
      of,
      previous: number > 1 ? href(number - 1) : undefined,
      next: number < of ? href(number + 1) : undefined,
    },
  };
}
