import type { Policy } from './policy.ts';

/** Permissions in the registry, as `UI-Scopes` names them. */
export const uiPermissions = [
  'list_service',
  'register_service',
  'health_check_service',
  'toggle_service',
  'modify_service',
  /** See the decisions about requests for the server; with `all`, also about the registry. */
  'view_audit',
  /** Take records of the audit away as a file: those of decisions that `view_audit` would show. */
  'export_audit',
  /** See who has access, and through what. It counts with `all` only, as does the next one: people belong to no server. */
  'view_people',
  /** End the access of others. */
  'end_access',
  /** Change the policy. It counts with `all` only. */
  'edit_policy',
] as const;

export type UiPermission = (typeof uiPermissions)[number];

/**
 * Whether a caller with `scopes` has `permission` for the server named `server`. It looks only at the policy's
 * `UI-Scopes`, and denies what is not written there. Pure.
 */
export function mayUseUi(policy: Policy, scopes: readonly string[], permission: UiPermission, server: string): boolean {
  return scopes.some((scope) => {
    const names = policy.ui.get(scope)?.get(permission);
    return names !== undefined && !names.matching(server).next().done;
  });
}

/** Whether a caller with `scopes` has `permission` for at least one server, existing or not. */
export function mayUseUiSomewhere(policy: Policy, scopes: readonly string[], permission: UiPermission): boolean {
  return scopes.some((scope) => (policy.source.ui.get(scope)?.get(permission) ?? []).length > 0);
}

/** Whether a caller with `scopes` has `permission` for every server, including future ones. */
export function mayUseUiEverywhere(policy: Policy, scopes: readonly string[], permission: UiPermission): boolean {
  return scopes.some((scope) => policy.ui.get(scope)?.get(permission)?.coversAll() ?? false);
}
