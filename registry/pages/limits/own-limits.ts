import type { LimitsDoor } from '../../doors/limits.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { shownLimit } from './words.ts';

/** A limit of the reader's own, in words. Without `used` it is not known what they have used. */
export interface OwnLimit {
  words: string;
  used?: ReturnType<typeof shownLimit>;
}

/**
 * The reader's limits with what is left of each.
 * @param known the reader's limits in words: nothing is asked without any, and they are what is shown if the auth-server does not
 *   say what was used, as to tokens and local sessions
 * @param assertion the reader's, which is passed on
 */
export async function ownLimits(
  limits: Pick<LimitsDoor, 'own'>,
  known: readonly string[],
  assertion: string,
): Promise<OwnLimit[]> {
  if (known.length === 0) return [];
  try {
    const own = (await limits.own(assertion)).limits.map(shownLimit);
    return own.map((used) => ({ words: used.words, used }));
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return known.map((words) => ({ words }));
  }
}
