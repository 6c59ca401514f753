import { FetchError } from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import type { StandInFetch } from '../../common/identity/cognito.ts';

/** A key cache for aws-jwt-verify that fetches from the local stand-in, and fails like the library's own. */
export function standInJwksCache(standInFetch: StandInFetch): SimpleJwksCache {
  return new SimpleJwksCache({
    fetcher: {
      async fetch(uri) {
        try {
          const response = await standInFetch(uri);
          if (!response.ok) throw new Error(`the stand-in answered ${response.status}`);
          return await response.arrayBuffer();
        } catch (error) {
          throw new FetchError(uri, error);
        }
      },
    },
  });
}
