import type { SessionRecord } from '../../store/session-record.ts';
import { clientDigest, commandLineClient } from '../clients/client.ts';
import type { OAuthDeps } from '../deps.ts';
import { OAuthError } from '../oauth-error.ts';
import { loginEnded } from './grants.ts';

/** What the command line shows for its session. */
export interface SessionCode {
  code: string;
  verifier: string;
  redirectUri: string;
  /** Where the command line is. */
  address: string | undefined;
}

/**
 * Exchanges the command line's code for the session that the person has allowed. Everything that can fail comes before the code
 * is used up.
 * @returns undefined for a code that does not work: an unknown one, one that was used, or one with other terms
 */
export function sessionRedeemer({ grants, records }: Pick<OAuthDeps, 'grants' | 'records'>) {
  return async ({ code, verifier, redirectUri, address }: SessionCode): Promise<SessionRecord | undefined> => {
    try {
      const client = clientDigest(commandLineClient.id);
      const grant = await grants.findCode('session code', code, client, redirectUri, verifier);
      const record = await records.standing(grant.sid, address);
      if (!record) throw loginEnded();
      await records.keep(grant.sid, grant.until);
      await grants.useUp(code, grant);
      return { ...record, expiresAt: grant.until };
    } catch (error) {
      if (error instanceof OAuthError) return undefined;
      throw error;
    }
  };
}
