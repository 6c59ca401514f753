import { createAskAuthServer } from './ask-auth-server.ts';

export type ApprovedRounds = ReturnType<typeof createApprovedRounds>;

/**
 * Makes a client of the auth-server that reports when a server answers an approved call with a question: the client's answer goes
 * on with the same approval.
 * @param url the auth-server's internal address
 */
export function createApprovedRounds(url: string) {
  const ask = createAskAuthServer(url);
  return {
    /**
     * @param ticket of the call
     * @param round `roundDigest` of what the server gave the client
     * @throws {RelayError} authorization_unavailable
     */
    async expect(ticket: string, round: string): Promise<void> {
      await ask('POST', '/relay/rounds', ticket, { round });
    },
  };
}
