import { FetchError } from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import type { StandInFetch } from '../../common/identity/cognito.ts';

/** The key cache of aws-jwt-verify, filled from the local stand-in; it fails the way the real one does. */
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
