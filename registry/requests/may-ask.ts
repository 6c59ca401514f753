import type { Policy } from '../../policy/policy.ts';
import { mayKnow } from '../../policy/review/remedy.ts';
import type { Person } from '../access/guards.ts';

/**
 * Whether a person may ask for access to a server of this name, which may not exist: they may see it, or a rule of theirs names it.
 * Asking must not tell what else there is.
 */
export function mayAskFor(policy: Policy, { scopes }: Pick<Person, 'scopes'>, server: string): boolean {
  return mayKnow(policy, scopes, server);
}
