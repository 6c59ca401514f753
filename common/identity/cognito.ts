/** The user pool of the local stand-in: the only one whose keys do not come from Amazon. */
export const localPoolId = 'us-east-1_LocalPool';

/** The form of a user pool's id, which begins with the region. */
export const poolIdPattern = /^([a-z]{2}(?:-[a-z]+)+-\d)_[A-Za-z0-9]+$/;

/** The issuer of a user pool's tokens; its discovery document is below this URL (Cognito, "OIDC endpoints"). */
export function cognitoIssuer(userPoolId: string): string {
  const region = userPoolId.slice(0, userPoolId.indexOf('_'));
  return `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`;
}

/** A `fetch` that sends every request to the stand-in, whatever host the URL names. */
export type StandInFetch = (url: string, init?: RequestInit) => Promise<Response>;

const timeoutMilliseconds = 5_000;

/**
 * The stand-in signs with the issuer that a real pool with its id would have, so that every check runs as in production.
 * Only the address differs.
 * @param endpoint the stand-in's address for this process: `http://127.0.0.1:9500`
 */
export function createStandInFetch(endpoint: string): StandInFetch {
  return (url, init) => {
    const { pathname, search } = new URL(url);
    return fetch(new URL(pathname + search, endpoint), { signal: AbortSignal.timeout(timeoutMilliseconds), ...init });
  };
}
