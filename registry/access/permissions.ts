import type { Policy } from '../../policy/policy.ts';
import { mayUseUi, type UiPermission } from '../../policy/ui.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { Person } from './guards.ts';

/**
 * Lets pass who may use `permission` for a server that there is.
 * @throws {RegistryError} `not_found` to who may not see it: they learn nothing about it; else `not_permitted`
 */
export function requireRight(policy: Policy, { scopes }: Person, permission: UiPermission, server: string): void {
  if (!mayUseUi(policy, scopes, 'list_service', server)) throw notFound();
  if (!mayUseUi(policy, scopes, permission, server)) throw notPermitted(permission, server);
}

/**
 * Lets pass who may register a server called `name`.
 * @throws {RegistryError} `not_permitted`
 */
export function requireRegistration(policy: Policy, { scopes }: Person, name: string): void {
  if (!mayUseUi(policy, scopes, 'register_service', name)) throw notPermitted('register_service', name);
}

/** What is said of a server that does not exist or may not be seen; a caller cannot tell which. */
export function notFound(): RegistryError {
  return new RegistryError('not_found', 'There is no such server, or you may not see it.');
}

function notPermitted(permission: UiPermission, server: string): RegistryError {
  return new RegistryError(
    'not_permitted',
    `You need the permission ${permission} for "${server}". Whoever looks after the policy can give it to your group.`,
  );
}
