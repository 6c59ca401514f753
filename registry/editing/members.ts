import type { Policy } from '../../policy/policy.ts';
import { mayUseUi } from '../../policy/ui.ts';
import type { Person } from '../access/guards.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { isFixedName } from '../servers/names.ts';
import { isSet, type RegisteredServer, type ServerSettings } from '../servers/server.ts';
import type { RegistryStore } from '../store/store.ts';

export interface MemberOptions {
  store: Pick<RegistryStore, 'get' | 'refresh'>;
  policy: () => Policy;
}

/**
 * Requires that the servers that a change puts into a set are there, and that the person may see them. Those that are in it
 * already stay, also if they were deleted.
 * @throws {RegistryError} `input_invalid`
 */
export async function requireMembers(
  { store, policy }: MemberOptions,
  { scopes }: Person,
  before: RegisteredServer | undefined,
  { members }: Pick<ServerSettings, 'members'>,
): Promise<void> {
  if (members === null) return;
  await store.refresh();
  const old = new Set(before?.members?.map(({ server }) => server));
  const faults = members.flatMap(({ server }, index) => {
    const found = mayUseUi(policy(), scopes, 'list_service', server) ? store.get(server) : undefined;
    const message = old.has(server) ? undefined : memberFault(server, found);
    return message === undefined ? [] : [{ path: `members.${index}.server`, message }];
  });
  const [first] = faults;
  if (first) throw new RegistryError('input_invalid', `The set cannot be kept like this. ${first.message}`, { faults });
}

function memberFault(name: string, server: RegisteredServer | undefined): string | undefined {
  if (!server) return `There is no server "${name}", or you may not see it.`;
  if (isSet(server)) return `"${name}" is a set itself: name the servers that are in it.`;
  if (isFixedName(name)) return `"${name}" calls other servers itself, and cannot be in a set.`;
  return undefined;
}
