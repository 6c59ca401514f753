import { type NearLimits, nearLimitsAnswer, type OwnLimits, ownLimitsAnswer } from '../../common/doors/limits.ts';
import { createAsk } from './ask-auth-server.ts';

/** What the counts of limits may be asked for, with a person's assertion. Throws `RegistryError`. */
export interface LimitsDoor {
  /** The person's own limits, and what they have used. */
  own(assertion: string): Promise<OwnLimits>;
  /** Callers near a limit; this takes `view_people`. */
  near(assertion: string): Promise<NearLimits>;
}

/**
 * Makes the client of the auth-server, which counts calls.
 * @param authServerUrl origin of the auth-server
 */
export function createLimitsDoor(authServerUrl: string): LimitsDoor {
  const ask = createAsk(authServerUrl);
  return {
    own: (assertion) => ask({ path: '/account/limits', assertion, answer: ownLimitsAnswer }),
    near: (assertion) => ask({ path: '/people/limits', assertion, answer: nearLimitsAnswer }),
  };
}
