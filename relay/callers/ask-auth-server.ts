import { RelayError } from '../upstream/errors.ts';

const timeoutMilliseconds = 2_000;

/**
 * Makes what asks the auth-server something about the request at hand, with its ticket.
 * @param url the auth-server's internal address
 * @returns a function that gives status and, with 200, the JSON of the answer. It throws {@link RelayError}
 * `authorization_unavailable` unless the status is 2xx or 409
 */
export function createAskAuthServer(url: string) {
  return async (method: string, path: string, ticket: string, body: object) => {
    const headers = { authorization: `Bearer ${ticket}`, 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(timeoutMilliseconds);
    try {
      const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body), signal });
      const text = await answer.text();
      if (!answer.ok && answer.status !== 409) throw new Error(`${path} answered ${answer.status}`);
      return { status: answer.status, json: answer.status === 200 ? (JSON.parse(text) as unknown) : undefined };
    } catch (error) {
      throw new RelayError('authorization_unavailable', error);
    }
  };
}
