import type { StandInFetch } from '../../common/identity/cognito.ts';
import type { Print } from './print.ts';

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * A `fetch` that prints each request with `--debug`: method, address, status and time. Never prints headers, bodies or
 * query values, which may be codes or tokens.
 */
export function watchFetch(print: Print, base: Fetch = fetch): Fetch {
  return async (url, init) => {
    const began = performance.now();
    const what = `${init?.method ?? 'GET'} ${shownUrl(url)}`;
    const time = () => `${Math.round(performance.now() - began)} ms`;
    try {
      const response = await base(url, init);
      print.debug(`${what} ${response.status} ${time()}`);
      return response;
    } catch (error) {
      print.debug(`${what} failed (${networkReason(error)}) ${time()}`);
      throw error;
    }
  };
}

/** The same for requests to the user pool. */
export function watchWith(print: Print): (base: StandInFetch) => StandInFetch {
  return (base) => watchFetch(print, (url, init) => base(String(url), init));
}

/** An address without credentials, with `…` for each query value. */
export function shownUrl(address: string | URL): string {
  const url = new URL(address);
  const names = [...new Set(url.searchParams.keys())];
  const query = names.length > 0 ? `?${names.map((name) => `${name}=…`).join('&')}` : '';
  return `${url.origin}${url.pathname}${query}`;
}

/** The reason of a network failure in one word: ECONNREFUSED, ENOTFOUND, TimeoutError. */
export function networkReason(error: unknown): string {
  const { cause, code, name } = error as { cause?: unknown; code?: unknown; name?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined || cause === null ? String(name ?? 'unknown') : networkReason(cause);
}
