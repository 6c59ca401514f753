import type { Policy } from '../../policy/policy.ts';
import { mayUseUi, type UiPermission } from '../../policy/ui.ts';
import type { RegisteredServer, Standing } from '../servers/server.ts';
import type { Person } from './guards.ts';
import { requireRight } from './permissions.ts';

type Owned = Pick<RegisteredServer, 'name' | 'owner'>;

/** Whether a person owns a server. It counts only while they see it and may register a server of this name. */
export function owns(policy: Policy, { sub, scopes }: Person, { name, owner }: Owned): boolean {
  const may = (permission: UiPermission) => mayUseUi(policy, scopes, permission, name);
  return owner?.sub === sub && may('register_service') && may('list_service');
}

/** Whether a person may change a server: by the permission, or its words as its owner. */
export function mayEdit(policy: Policy, person: Person, server: Owned): boolean {
  return mayUseUi(policy, person.scopes, 'modify_service', server.name) || owns(policy, person, server);
}

/**
 * Whether a person may enable a disabled server: by the permission; or as its owner, if they have disabled it themselves. One that
 * waits for a look at its owner's change takes `modify_service`.
 */
export function mayEnable(policy: Policy, person: Person, server: Owned & Standing): boolean {
  const may = (permission: UiPermission) => mayUseUi(policy, person.scopes, permission, server.name);
  if (server.awaits) return may('modify_service') && may('toggle_service');
  return may('toggle_service') || (owns(policy, person, server) && server.disabledBy === person.sub);
}

/** Whether a person may disable a server: by the permission, or as its owner. */
export function mayDisable(policy: Policy, person: Person, server: Owned): boolean {
  return mayUseUi(policy, person.scopes, 'toggle_service', server.name) || owns(policy, person, server);
}

/**
 * Requires that a person may change a server.
 * @param server as it is; undefined if there is none
 * @throws {RegistryError} `not_found` if the person may not see it, or there is none; otherwise `not_permitted`
 */
export function requireEdit(policy: Policy, person: Person, name: string, server: Owned | undefined): void {
  if (!server || !owns(policy, person, server)) requireRight(policy, person, 'modify_service', name);
}
