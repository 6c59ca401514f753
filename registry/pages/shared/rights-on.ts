import type { Policy } from '../../../policy/policy.ts';
import { mayUseUi, type UiPermission } from '../../../policy/ui.ts';
import type { Person } from '../../access/guards.ts';
import { isFixedName } from '../../servers/names.ts';
import type { ServerSettings } from '../../servers/server.ts';

/** The buttons that work for `person`, by the policy, on this server or set, which they may see. */
export function rightsOn(
  policy: Policy,
  { scopes }: Person,
  { name, enabled, members }: Pick<ServerSettings, 'name' | 'enabled' | 'members'>,
) {
  const may = (permission: UiPermission) => mayUseUi(policy, scopes, permission, name);
  const modify = may('modify_service');
  return {
    toggle: may('toggle_service'),
    check: enabled && members === null && may('health_check_service'),
    edit: modify,
    remove: modify && !isFixedName(name),
    approve: modify,
  };
}
