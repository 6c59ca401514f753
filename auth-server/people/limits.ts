import { mostNear, type NearLimits } from '../../common/doors/limits.ts';
import { toLimit } from '../account/limits.ts';
import type { OAuthClient } from '../cognito/oauth-client.ts';
import type { CallLimits } from '../limits/call-limits.ts';
import { homesOf, idOfPerson } from './who.ts';

export interface NearLimitsDeps {
  callLimits: Pick<CallLimits, 'nearest' | 'state'>;
  providers: ReadonlyMap<string, OAuthClient>;
}

/** The callers who have used half of a limit. Throws what the database threw. */
export async function nearLimits({ callLimits, providers }: NearLimitsDeps): Promise<NearLimits> {
  const near = await callLimits.nearest(mostNear);
  const homes = [...new Set(homesOf(providers).values())];
  // A count says nothing of the provider: with several, it is not known whose subject it is.
  const home = homes.length === 1 ? homes[0] : undefined;
  return {
    state: callLimits.state() ?? 'none',
    near: near.map(({ kind, subject: sub, name, most, ...state }) => {
      const id = kind === 'person' && home !== undefined ? idOfPerson({ home, sub }) : null;
      return { ...toLimit(state), most, kind, name, sub, id };
    }),
  };
}
