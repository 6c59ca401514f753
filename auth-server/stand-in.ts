import { SimpleJwksCache } from 'aws-jwt-verify/jwk';

/** A `fetch` that sends whatever is addressed to the pool's host in AWS, or to a local address, to the stand-in. */
export type StandInFetch = (url: string, init?: RequestInit) => Promise<Response>;

const timeoutMilliseconds = 5_000;

/**
 * The stand-in signs with the issuer that a real pool of that name would have, so that every check runs as in production;
 * only the address is another.
 * @param endpoint where the stand-in answers this process: `http://127.0.0.1:9500`
 */
export function createStandInFetch(endpoint: string): StandInFetch {
  return (url, init) => {
    const { pathname, search } = new URL(url);
    return fetch(new URL(pathname + search, endpoint), { signal: AbortSignal.timeout(timeoutMilliseconds), ...init });
  };
}

/** The key cache of aws-jwt-verify, filled from the stand-in. */
export function standInJwksCache(standInFetch: StandInFetch): SimpleJwksCache {
  return new SimpleJwksCache({
    fetcher: {
      async fetch(uri) {
        const response = await standInFetch(uri);
        if (!response.ok) throw new Error(`the stand-in answered ${response.status}`);
        return await response.arrayBuffer();
      },
    },
  });
}
