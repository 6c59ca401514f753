import type { Policy } from '../../../policy/policy.ts';
import { mayUseUi, type UiPermission } from '../../../policy/ui.ts';
import type { Person } from '../../access/guards.ts';
import { isFixedName } from '../../servers/names.ts';

/** The buttons that work for `person`, by the policy, on the server called `name`, which they may see. */
export function rightsOn(policy: Policy, { scopes }: Person, name: string, enabled: boolean) {
  const may = (permission: UiPermission) => mayUseUi(policy, scopes, permission, name);
  const modify = may('modify_service');
  return {
    toggle: may('toggle_service'),
    check: enabled && may('health_check_service'),
    edit: modify,
    remove: modify && !isFixedName(name),
    approve: modify,
  };
}
