import type { Policy } from '../../../policy/policy.ts';
import { mayUseUi, type UiPermission } from '../../../policy/ui.ts';
import type { Person } from '../../access/guards.ts';
import { isFixedName } from '../../servers/names.ts';

/** The buttons for a server that work for one person. The others are not shown. */
export interface RightsOn {
  toggle: boolean;
  check: boolean;
  edit: boolean;
  remove: boolean;
  approve: boolean;
}

/** What `person` may do, by the policy, with the server called `name`, which they may see. */
export function rightsOn(policy: Policy, { scopes }: Person, name: string, enabled: boolean): RightsOn {
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
