import { agentWithScopes, personInGroups } from '../caller.ts';
import { decide } from '../decide.ts';
import { type Policy, type Rule, wildcard } from '../policy.ts';
import { methods, type ObjectKind } from '../request/methods.ts';
import { mayUseUi, uiPermissions } from '../ui.ts';
import { type Sample, type Universe, universeOf } from './universe.ts';

/** A caller who may do something under one policy and not under the other. */
export interface Difference {
  kind: 'person' | 'agent';
  /** A group of people, or a scope of an agent. */
  who: string;
  change: 'gains' | 'loses';
  /** In words: `tools/call get_time`, `tools/call every tool`, `list_service (in the registry)`. */
  what: string;
  /** In words: a name, `get_*`, `every server`, `any other server`. */
  server: string;
  /** In words, under which conditions: `when repo is acme/support, until 2026-12-28 17:00 UTC`. Empty if always. */
  condition: string;
  /** In words, under which conditions the other of the two policies allows it. Empty if never. */
  instead: string;
}

type Side = { policy: Policy; scopes: readonly string[] };
type Ask = (side: Side, server: string) => boolean;

/**
 * Lists which groups, and which scopes of agents, may do more or less under `after` than under `before`. It compares
 * verdicts, not lines: a file that is written differently and means the same shows no difference. Pure.
 */
export function diff(before: Policy, after: Policy): Difference[] {
  const named = (of: (policy: Policy) => Iterable<string>) => [...new Set([...of(before), ...of(after)])].sort();
  const groups = named((policy) => policy.source.groups.keys());
  const scopes = named((policy) => [...policy.source.scopes.keys(), ...policy.source.ui.keys()]);
  const person = (policy: Policy, group: string): Side => ({ policy, ...personInGroups(policy, [group]) });
  const agent = (policy: Policy, scope: string): Side => ({ policy, ...agentWithScopes(policy, [scope]) });
  return [
    ...groups.flatMap((who) => diffOne('person', who, [person(before, who), person(after, who)])),
    ...scopes.flatMap((who) => diffOne('agent', who, [agent(before, who), agent(after, who)])),
  ];
}

function diffOne(kind: Difference['kind'], who: string, sides: readonly [Side, Side]): Difference[] {
  const universe = universeOf(sides.flatMap(rulesOf), sides.flatMap(uiServersOf));
  const found: Difference[] = [];
  const changes: [Difference['change'], Side, Side][] = [
    ['gains', sides[0], sides[1]],
    ['loses', sides[1], sides[0]],
  ];
  for (const [change, without, having] of changes) {
    const onServers = new Map<string, Sample[]>();
    for (const server of universe.servers) {
      for (const what of newlyAllowed(universe, server.name, without, having)) {
        onServers.set(what, [...(onServers.get(what) ?? []), server]);
      }
    }
    for (const [what, servers] of onServers) {
      for (const server of words(servers, universe.servers, 'server'))
        found.push({ kind, who, change, what, server, condition: '', instead: '' });
    }
  }
  return found;
}

/** Describes what `having` allows on a server and `without` does not. */
function newlyAllowed(universe: Universe, server: string, without: Side, having: Side): string[] {
  const isNew = (ask: Ask) => ask(having, server) && !ask(without, server);
  const plain = [...methods].filter(([method, kinds]) => kinds.length === 0 || method === 'subscriptions/listen');
  return [
    ...(isNew((side, on) => allows(side, on, 'initialize')) ? ['connecting (initialize, ping and the like)'] : []),
    ...plain.filter(([method]) => isNew((side, on) => allows(side, on, method))).map(([method]) => method),
    ...[...methods].flatMap(([method, kinds]) =>
      kinds.flatMap((kind) => {
        const samples = universe.objects[kind];
        const allowed = samples.filter(({ name }) => isNew((side, on) => allows(side, on, method, { kind, name })));
        const which = kinds.length > 1 || method === 'subscriptions/listen' ? `${kind} ` : '';
        return words(allowed, samples, kind).map(
          (word) => `${method} ${word.endsWith(` ${kind}`) ? '' : which}${word}`,
        );
      }),
    ),
    ...uiPermissions
      .filter((permission) => isNew(({ policy, scopes }, on) => mayUseUi(policy, scopes, permission, on)))
      .map((permission) => `${permission} (in the registry)`),
  ];
}

function allows(side: Side, server: string, method: string, object?: { kind: ObjectKind; name: string }): boolean {
  return decide(side.policy, side.scopes, server, [{ method, ...(object && { object }) }]).allowed;
}

/** Samples as words; a full set becomes one "every". */
function words(samples: readonly Sample[], all: readonly Sample[], noun: string): string[] {
  if (samples.length === all.length) return [`every ${noun}`];
  return samples.map(({ label }) => label ?? `any other ${noun}`);
}

function rulesOf({ policy, scopes }: Side): Rule[] {
  return scopes.flatMap((scope) => policy.source.scopes.get(scope) ?? []);
}

function uiServersOf({ policy, scopes }: Side): string[] {
  return scopes.flatMap((scope) => [...(policy.source.ui.get(scope)?.values() ?? [])].flat()).map(wildcard);
}
