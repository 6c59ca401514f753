import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { arrayBuffer } from 'node:stream/consumers';
import { FetchError } from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { http } from '../../common/network/http.ts';

const timeoutMilliseconds = 5_000;

/**
 * A key cache for aws-jwt-verify that fetches from the local stand-in, and fails like the library's own.
 * @param endpoint the stand-in's address for this process: `http://127.0.0.1:9500`
 */
export function standInJwksCache(endpoint: string): SimpleJwksCache {
  return new SimpleJwksCache({
    fetcher: {
      async fetch(uri) {
        try {
          // Not `fetch`: each start asks for the keys, and would have to load it (common/network/http.ts).
          const signal = AbortSignal.timeout(timeoutMilliseconds);
          const request = http.get(new URL(new URL(uri).pathname, endpoint), { signal });
          const [response] = (await once(request, 'response')) as [IncomingMessage];
          const body = await arrayBuffer(response);
          if (response.statusCode !== 200) throw new Error(`the stand-in answered ${response.statusCode}`);
          return body;
        } catch (error) {
          throw new FetchError(uri, error);
        }
      },
    },
  });
}
