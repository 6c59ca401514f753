import type { Policy } from '../../../policy/policy.ts';
import { mayUseUi, type UiPermission } from '../../../policy/ui.ts';
import type { Person } from '../../access/guards.ts';
import { isFixedName } from '../../servers/names.ts';

/** Which buttons about a server will work for a person; no others are shown. */
export interface RightsOn {
  toggle: boolean;
  check: boolean;
  edit: boolean;
  remove: boolean;
  approve: boolean;
}

/** Asks the policy what `person` may do with the server called `name`, which they see. */
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
