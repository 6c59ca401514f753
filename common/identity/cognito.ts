/** The user pool of the local stand-in: the only one whose keys come from anywhere but Amazon. */
export const localPoolId = 'us-east-1_LocalPool';

/** How a user pool's id is written; the region stands in front. */
export const poolIdPattern = /^([a-z]{2}(?:-[a-z]+)+-\d)_[A-Za-z0-9]+$/;

/** The issuer of a user pool's tokens, and where its discovery document lives (Cognito, "OIDC endpoints"). */
export function cognitoIssuer(userPoolId: string): string {
  const region = userPoolId.slice(0, userPoolId.indexOf('_'));
  return `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`;
}

/** A `fetch` that sends whatever is addressed to the pool's host in AWS, or to a local address, to the stand-in. */
export type StandInFetch = (url: string, init?: RequestInit) => Promise<Response>;

const timeoutMilliseconds = 5_000;

/**
 * The stand-in signs with the issuer that a real pool of that name would have, so that every check runs as in
 * production; only the address is another.
 * @param endpoint where the stand-in answers this process: `http://127.0.0.1:9500`
 */
export function createStandInFetch(endpoint: string): StandInFetch {
  return (url, init) => {
    const { pathname, search } = new URL(url);
    return fetch(new URL(pathname + search, endpoint), { signal: AbortSignal.timeout(timeoutMilliseconds), ...init });
  };
}
