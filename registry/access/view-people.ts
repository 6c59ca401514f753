import type { Policy } from '../../policy/policy.ts';
import { mayUseUiEverywhere } from '../../policy/ui.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { Person } from './guards.ts';

/** Whether a person may see who has access. People belong to no server, so the permission counts for all servers only. */
export function mayViewPeople(policy: Policy, { scopes }: Person): boolean {
  return mayUseUiEverywhere(policy, scopes, 'view_people');
}

/** Whether a person may end the access of others, which they also have to see. */
export function mayEndAccess(policy: Policy, person: Person): boolean {
  return mayViewPeople(policy, person) && mayUseUiEverywhere(policy, person.scopes, 'end_access');
}

/**
 * Requires the permission to see who has access.
 * @throws {RegistryError} `not_permitted`
 */
export function requireViewPeople(policy: Policy, person: Person): void {
  if (!mayViewPeople(policy, person)) throw needs('see who has access', 'view_people');
}

/**
 * Requires the permission to end the access of others.
 * @throws {RegistryError} `not_permitted`
 */
export function requireEndAccess(policy: Policy, person: Person): void {
  requireViewPeople(policy, person);
  if (!mayEndAccess(policy, person)) throw needs('end the access of others', 'end_access');
}

function needs(what: string, permission: string): RegistryError {
  const message = `To ${what}, one of your groups needs the permission ${permission} for all in UI-Scopes.`;
  return new RegistryError('not_permitted', message);
}
