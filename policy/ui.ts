import type { Policy } from './policy.ts';

/** What a person may do in the registry, as `UI-Scopes` names it. */
export type UiPermission =
  | 'list_service'
  | 'register_service'
  | 'health_check_service'
  | 'toggle_service'
  | 'modify_service'
  /** To see what the gateway has decided about requests for the server; with `all`, also about the registry. */
  | 'view_audit';

/**
 * Whether somebody who holds `scopes` may use `permission` for the server called `server`.
 * Pure look-up in the policy's `UI-Scopes`; what is not written there is denied.
 */
export function mayUseUi(policy: Policy, scopes: readonly string[], permission: UiPermission, server: string): boolean {
  return scopes.some((scope) => {
    const names = policy.ui.get(scope)?.get(permission);
    return names !== undefined && !names.matching(server).next().done;
  });
}

/** Whether somebody who holds `scopes` may use `permission` for any server at all, one that there is or could be. */
export function mayUseUiSomewhere(policy: Policy, scopes: readonly string[], permission: UiPermission): boolean {
  return scopes.some((scope) => (policy.source.ui.get(scope)?.get(permission) ?? []).length > 0);
}

/** Whether somebody who holds `scopes` may use `permission` for every server, also those that will be registered. */
export function mayUseUiEverywhere(policy: Policy, scopes: readonly string[], permission: UiPermission): boolean {
  return scopes.some((scope) => policy.ui.get(scope)?.get(permission)?.coversAll() ?? false);
}
