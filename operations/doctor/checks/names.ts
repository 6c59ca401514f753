import { renameNeeded } from '../../../policy/names.ts';
import type { Policy } from '../../../policy/policy.ts';
import { lintSets } from '../../../policy/review/lint/sets.ts';
import { unusableNames } from '../../../policy/review/lint/unusable-names.ts';
import { type Finding, ok, shown, warn } from '../finding.ts';
import { type Registered, registeredServers } from '../registered.ts';
import type { Setup } from '../setup.ts';

/**
 * Does a server, or a rule of the policy, have a name that no server may have any more? Such a server has no route. Reads the
 * registry's database, if it is here, and changes nothing in it. Then: does a set offer what is gone, or what no group may call?
 */
export async function checkNames(setup: Setup, policy: Policy | undefined): Promise<Finding[]> {
  const registered = await registeredServers(setup);
  return [...namesOf(registered, policy), ...(policy ? checkSets(registered, policy) : [])];
}

function namesOf(registered: readonly Registered[], policy: Policy | undefined): Finding[] {
  const servers = registered.map(({ name }) => name);
  const named = policy ? unusableNames(policy.source) : [];
  const findings = [
    ...servers.flatMap((name) => {
      const todo = renameNeeded(name);
      return todo ? [warn('names', `the server ${name} has a reserved name, so it has no route`, todo)] : [];
    }),
    ...named
      .filter(({ server }) => !servers.includes(server))
      .map(({ at, server }) =>
        warn('names', `${shown(at)} of the policy names ${server}, which no server can be called`, 'delete it there'),
      ),
  ];
  if (findings.length > 0) return findings;
  return servers.length > 0 ? [ok('names', 'no server has a reserved name')] : [];
}

function checkSets(registered: readonly Registered[], policy: Policy): Finding[] {
  const there = new Set(registered.map(({ name }) => name));
  const sets = registered.flatMap(({ name, members }) => (members ? [{ name, members }] : []));
  const gone = sets.flatMap(({ name, members }) => {
    const names = members.map(({ server }) => server).filter((server) => !there.has(server));
    if (names.length === 0) return [];
    return [warn('sets', `the set ${name} offers ${names.join(', ')}, which no server is called`, 'edit it')];
  });
  const kept = sets.map(({ name, members }) => ({ name, members: members.filter(({ server }) => there.has(server)) }));
  const refused = lintSets(policy, kept).filter(({ level }) => level === 'warning');
  const todo = 'edit the set, or give a group access in the policy';
  return [...gone, ...refused.map(({ at, message }) => warn('sets', shown(`${at}: ${message}`), todo))];
}
