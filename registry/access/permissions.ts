import type { Policy } from '../../policy/policy.ts';
import { mayUseUi, type UiPermission } from '../../policy/ui.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { RegisteredServer } from '../servers/server.ts';
import type { ServerStore } from '../store/servers.ts';
import type { Person } from './guards.ts';

/** What a route needs to decide who may do something with a server. */
export interface ServerAccess {
  store: Pick<ServerStore, 'get'>;
  policy: () => Policy;
}

/**
 * The server called `name`, for a person who may use `permission` on it.
 * @throws {RegistryError} as {@link requireRight}
 */
export function serverFor(
  { store, policy }: ServerAccess,
  person: Person,
  permission: UiPermission,
  name: string,
): RegisteredServer {
  requireRight(policy(), person, permission, name);
  const server = store.get(name);
  if (!server) throw notFound();
  return server;
}

/**
 * Requires a permission for a server.
 * @throws {RegistryError} `not_found` if the person may not see the server, so that they learn nothing about it; otherwise
 *   `not_permitted`
 */
export function requireRight(policy: Policy, { scopes }: Person, permission: UiPermission, server: string): void {
  if (!mayUseUi(policy, scopes, 'list_service', server)) throw notFound();
  if (!mayUseUi(policy, scopes, permission, server)) throw notPermitted(permission, server);
}

/**
 * Requires the permission to register a server called `name`.
 * @throws {RegistryError} `not_permitted`
 */
export function requireRegistration(policy: Policy, { scopes }: Person, name: string): void {
  if (!mayUseUi(policy, scopes, 'register_service', name)) throw notPermitted('register_service', name);
}

/** The refusal for a server that does not exist or may not be seen. The caller cannot tell which. */
export function notFound(): RegistryError {
  return new RegistryError('not_found', 'There is no such server, or you may not see it.');
}

/** The refusal to ask a disabled server. */
export function serverDisabled(name: string): RegistryError {
  return new RegistryError('server_disabled', `${name} is disabled: enable it first.`);
}

/** The refusal to check a set. */
export function notChecked({ title }: Pick<RegisteredServer, 'title'>): RegistryError {
  const message = `"${title}" is a set: the servers in it are checked, each by itself.`;
  return new RegistryError('input_invalid', message, { faults: [{ path: 'name', message }] });
}

function notPermitted(permission: UiPermission, server: string): RegistryError {
  return new RegistryError(
    'not_permitted',
    `You need the permission ${permission} for "${server}". Ask an administrator to grant it to your group.`,
  );
}
