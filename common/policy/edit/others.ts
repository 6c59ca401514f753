import { isDeepStrictEqual } from 'node:util';
import type { PolicySource } from '../../../policy/policy.ts';
import type { Holder } from './grant.ts';
import { EditRefused } from './refused.ts';

/**
 * Checks that an edit means nothing for anyone but those whom it may concern: each other group has the same rules and
 * permissions, and so has each scope that an agent may hold.
 * @param may whom the edit concerns
 * @throws {EditRefused} otherwise
 */
export function checkOthers(before: PolicySource, after: PolicySource, may: readonly Holder[]): void {
  const isConcerned = (kind: Holder['kind'], name: string) => may.some((one) => one.kind === kind && one.name === name);
  const isSame = (scopesBefore: readonly string[], scopesAfter: readonly string[]) =>
    isDeepStrictEqual(rightsOf(before, scopesBefore), rightsOf(after, scopesAfter));
  const changed = [
    ...namesOf(before.groups, after.groups).filter(
      (name) => !isConcerned('group', name) && !isSame(before.groups.get(name) ?? [], after.groups.get(name) ?? []),
    ),
    ...namesOf(before.scopes, before.ui).filter((name) => !isConcerned('agent', name) && !isSame([name], [name])),
  ];
  if (!isDeepStrictEqual(before.limits, after.limits) || changed.length > 0)
    throw new EditRefused(
      `This would also change what others may do (${changed.join(', ') || 'limits'}). Change the file by hand.`,
    );
}

/**
 * Checks that an edit means nothing on servers that it is not about.
 * @throws {EditRefused} otherwise
 */
export function checkServers(before: PolicySource, after: PolicySource, holder: Holder, server: string): void {
  const { kind, name } = holder;
  const elsewhere = (source: PolicySource) => {
    const { rules, ui } = rightsOf(source, kind === 'group' ? (source.groups.get(name) ?? []) : [name]);
    const others = ui.map(([permission, servers]) => [permission, servers.filter((each) => each !== server)] as const);
    return { rules: rules.filter((rule) => rule.server !== server), ui: others.filter(([, left]) => left.length > 0) };
  };
  if (!isDeepStrictEqual(elsewhere(before), elsewhere(after)))
    throw new EditRefused(`This would also change what ${name} may do elsewhere. Change the file by hand.`);
}

/** What scopes grant, whatever they are called. */
function rightsOf(source: PolicySource, scopes: readonly string[]) {
  return {
    rules: scopes.flatMap((scope) => (source.scopes.get(scope) ?? []).map(({ at: _at, ...rule }) => rule)),
    ui: scopes.flatMap((scope) => [...(source.ui.get(scope) ?? [])].filter(([, servers]) => servers.length > 0)),
  };
}

function namesOf(...maps: ReadonlyMap<string, unknown>[]): string[] {
  return [...new Set(maps.flatMap((map) => [...map.keys()]))];
}
