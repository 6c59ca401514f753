import type { Policy } from '../../policy/policy.ts';
import { mayUseUi } from '../../policy/ui.ts';
import type { Person } from '../access/guards.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { RegistryStore } from '../store/store.ts';

/**
 * Requires that a person may give a new server this name. A name that was used, or that a rule or a set names, brings calls and
 * rights with it: its last owner may have it, those who may change a server of this name, and those whom the policy lets register
 * exactly this name.
 * @throws {RegistryError} `not_permitted`
 */
export async function requireFreeName(
  store: Pick<RegistryStore, 'namesEver' | 'formerOwner' | 'list'>,
  policy: Policy,
  { sub, scopes }: Person,
  name: string,
): Promise<void> {
  if (mayUseUi(policy, scopes, 'modify_service', name) || isNamedToRegister(policy, scopes, name)) return;
  const wasUsed = (await store.namesEver()).includes(name);
  if (wasUsed && (await store.formerOwner(name)) === sub) return;
  const why = wasUsed ? 'a server had this name before' : whoNames(store, policy, name);
  if (why === undefined) return;
  const who = wasUsed ? 'only its last owner, or a person' : 'only a person';
  const message = `"${name}" is not free for you: ${why}. Choose another name; ${who} with modify_service for it can register it.`;
  throw new RegistryError('not_permitted', message);
}

function isNamedToRegister({ source }: Policy, scopes: readonly string[], name: string): boolean {
  return scopes.some((scope) => source.ui.get(scope)?.get('register_service')?.includes(name));
}

/** What names a server that is not there, in words; undefined for nothing. Globs name none. */
function whoNames({ list }: Pick<RegistryStore, 'list'>, { source }: Policy, name: string): string | undefined {
  const inRule = [...source.scopes.values()].flat().some(({ server }) => server === name);
  if (inRule) return 'a rule of the policy names it';
  const inLimit = source.limits.some(({ server }) => server === name);
  if (inLimit) return 'a limit of the policy names it';
  const granted = [...source.ui.values()].some((grants) =>
    [...grants].some(([permission, names]) => permission !== 'register_service' && names.includes(name)),
  );
  if (granted) return 'UI-Scopes of the policy names it';
  const set = list().find(({ members }) => members?.some(({ server }) => server === name));
  return set && `the set "${set.name}" names it`;
}
