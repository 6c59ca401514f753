import { createAskAuthServer } from './ask-auth-server.ts';

/** A session or task of one owner. */
interface Owned {
  kind: 'session' | 'task';
  id: string;
  /** For a session of the 2024-11-05 transport: where its messages go at the upstream. */
  target?: string;
}

export type SessionOwners = ReturnType<typeof createSessionOwners>;

/**
 * Makes a client of the auth-server, which stores who owns which session and task. Every method takes the ticket of the
 * request at hand, and throws `RelayError` with `authorization_unavailable` when the auth-server does not answer.
 * @param url the auth-server's internal address
 */
export function createSessionOwners(url: string) {
  const ask = createAskAuthServer(url);
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
