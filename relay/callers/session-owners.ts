import { RelayError } from '../upstream/errors.ts';

/** A session or task of one owner. */
interface Owned {
  kind: 'session' | 'task';
  id: string;
  /** For a session of the 2024-11-05 transport: where its messages go at the upstream. */
  target?: string;
}

export type SessionOwners = ReturnType<typeof createSessionOwners>;

const timeoutMilliseconds = 2_000;

/**
 * Makes a client of the auth-server, which stores who owns which session and task. Every method takes the ticket of the
 * request at hand, and throws {@link RelayError} `authorization_unavailable` when the auth-server does not answer.
 * @param url the auth-server's internal address
 */
export function createSessionOwners(url: string) {
  const ask = async (method: string, path: string, ticket: string, body: object) => {
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
  return {
    /** @returns false if it belongs to another owner */
    async bind(ticket: string, owned: Owned): Promise<boolean> {
      return (await ask('POST', '/relay/bindings', ticket, owned)).status !== 409;
    },
    async unbind(ticket: string, owned: Owned): Promise<void> {
      await ask('DELETE', '/relay/bindings', ticket, owned);
    },
    /** @returns those of `ids` that are tasks of the ticket's owner */
    async ownTasks(ticket: string, ids: readonly string[]): Promise<readonly string[]> {
      const { json } = await ask('POST', '/relay/tasks', ticket, { ids });
      return (json as { ids: string[] }).ids;
    },
  };
}
