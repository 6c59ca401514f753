import type { Person } from './guards.ts';

/** Whether a caller is an agent. Only people have groups: a token with scopes but without groups belongs to an agent. */
export function isAgent({ authMethod, groups, scopes }: Pick<Person, 'authMethod' | 'groups' | 'scopes'>): boolean {
  return authMethod === 'jwt' && groups.length === 0 && scopes.length > 0;
}
