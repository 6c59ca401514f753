import type { Policy } from '../../../policy/policy.ts';
import { mayUseUi, type UiPermission } from '../../../policy/ui.ts';
import type { Person } from '../../access/guards.ts';
import { mayDisable, mayEdit, mayEnable } from '../../access/ownership.ts';
import { isFixedName } from '../../servers/names.ts';
import type { RegisteredServer, Standing } from '../../servers/server.ts';

/** The buttons that work for `person`, by the policy, on this server or set, which they may see. */
export function rightsOn(
  policy: Policy,
  person: Person,
  server: Pick<RegisteredServer, 'name' | 'enabled' | 'members' | keyof Standing>,
) {
  const { name, enabled, members } = server;
  const { scopes } = person;
  const may = (permission: UiPermission) => mayUseUi(policy, scopes, permission, name);
  const modify = may('modify_service');
  return {
    toggle: (enabled ? mayDisable : mayEnable)(policy, person, server),
    check: enabled && members === null && may('health_check_service'),
    edit: mayEdit(policy, person, server),
    own: modify,
    remove: modify && !isFixedName(name),
    approve: modify,
  };
}
