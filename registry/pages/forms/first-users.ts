import { isServerName } from '../../../policy/names.ts';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUi, type UiPermission } from '../../../policy/ui.ts';
import type { Person } from '../../access/guards.ts';
import { accessTo, callersOf, mayCallSome } from '../../access/who-may-use.ts';
import { inWords } from '../shared/format.ts';

/** A name that no rule names, for a server that has none yet. */
const unnamed = 'a-new-server';

const needed: readonly [UiPermission, string][] = [
  ['list_service', 'see it'],
  ['modify_service', 'delete it'],
];

/**
 * Who could use a server called `name` as soon as it is registered, by the policy. `mayNot` is what the person who registers
 * it could not do with it. Pure.
 * @param name as typed; while it is none, a name that the person could register counts
 */
export function firstUsers(policy: Policy, person: Person, name: string) {
  const server = isServerName(name) ? name : sampleName(policy, person);
  const { isWhole, rows } = accessTo(policy, person, server);
  const { scopes } = person;
  const mayNot = needed
    .filter(([permission]) => !mayUseUi(policy, scopes, permission, server))
    .map(([, words]) => words);
  if (!mayCallSome(policy, scopes, server)) mayNot.push('call its tools');
  return { isWhole, ...callersOf(rows), mayNot };
}

function sampleName(policy: Policy, { scopes }: Person): string {
  const patterns = scopes.flatMap((scope) => policy.source.ui.get(scope)?.get('register_service') ?? []);
  const prefix = patterns.find((pattern) => /^.+\*$/.test(pattern))?.slice(0, -1) ?? '';
  return `${prefix}${unnamed}`;
}

/** The same as a sentence after the registration, what its link says, and whether the next step is to give access. */
export function usersInWords({ isWhole, named, everywhere, mayNot }: ReturnType<typeof firstUsers>) {
  if (!isWhole) {
    const text = `You may not ${inWords(mayNot, 'or')}. Ask an administrator for that.`;
    return { text, next: 'What you may do', isNotGiven: false };
  }
  if (named.length > 0) {
    const text = `The policy names it already: people in ${inWords(named)} may call tools.`;
    return { text, next: 'Who may use it', isNotGiven: false };
  }
  const text =
    everywhere.length > 0
      ? `Only administrators may use it yet: people in ${inWords(everywhere)}.`
      : 'No group may call its tools yet.';
  return { text, next: 'Give access…', isNotGiven: true };
}
