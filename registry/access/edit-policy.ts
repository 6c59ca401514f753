import type { Policy } from '../../policy/policy.ts';
import { mayUseUiEverywhere } from '../../policy/ui.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { Person } from './guards.ts';
import { mayViewPeople } from './view-people.ts';

/** Whether a person may change the policy. It belongs to no server, so the permission counts for all servers only. */
export function mayEditPolicy(policy: Policy, { scopes }: Person): boolean {
  return mayUseUiEverywhere(policy, scopes, 'edit_policy');
}

/** Whether a person may see which groups may call what: those who may change it, and those who see all people. */
export function mayViewAccess(policy: Policy, person: Person): boolean {
  return mayEditPolicy(policy, person) || mayViewPeople(policy, person);
}

/**
 * Requires the permission to change the policy.
 * @throws {RegistryError} `not_permitted`
 */
export function requireEditPolicy(policy: Policy, person: Person): void {
  if (mayEditPolicy(policy, person)) return;
  const message = 'To change the policy, one of your groups needs the permission edit_policy for all in UI-Scopes.';
  throw new RegistryError('not_permitted', message);
}

/**
 * Requires the permission to see which groups may call what.
 * @throws {RegistryError} `not_permitted`
 */
export function requireViewAccess(policy: Policy, person: Person): void {
  if (mayViewAccess(policy, person)) return;
  const message =
    'To see who may call what, one of your groups needs the permission edit_policy or view_people for all in UI-Scopes.';
  throw new RegistryError('not_permitted', message);
}
