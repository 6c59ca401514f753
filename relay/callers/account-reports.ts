import * as z from 'zod';
import type { Challenge } from '../upstream/challenge.ts';
import { createAskAuthServer } from './ask-auth-server.ts';

/** How a server refuses a person's token: HTTP 401, or 403 with what it asks for. */
export type AccountRefusal = { why: 'unauthorized' } | { why: 'insufficient_scope'; scopes: Challenge['scopes'] };

/** Tells the auth-server that a server refuses a person's account. */
export type AccountReports = ReturnType<typeof createAccountReports>;

const answerForm = z.object({ answer: z.record(z.string(), z.unknown()) });

/**
 * Makes a client of the auth-server that reports refused accounts. It gets no credential: the next request brings the new one.
 * @param url the auth-server's internal address
 */
export function createAccountReports(url: string) {
  const ask = createAskAuthServer(url);
  return {
    /**
     * @param ticket of the request that was refused
     * @returns the members of the JSON-RPC response for the client, besides its id
     * @throws {RelayError} authorization_unavailable
     */
    async report(ticket: string, refusal: AccountRefusal): Promise<object> {
      const { json } = await ask('POST', '/relay/accounts', ticket, refusal);
      return answerForm.parse(json).answer;
    },
  };
}
