import { agentWithScopes, personInGroups } from '../caller.ts';
import { expandMethods, type Policy, wildcard } from '../policy.ts';
import { kindsOf, methods, type ObjectKind } from '../request/methods.ts';
import { mayUseUi, uiPermissions } from '../ui.ts';
import { conditionsOn, endOfRight, newConditions, type Pair, pairOf, untilOnly } from './compare/alternatives.ts';
import { type Delta, deltaOf, toolsNamedIn } from './compare/delta.ts';
import type { Difference } from './compare/difference.ts';
import { type Condition, type Side, sideOf } from './compare/side.ts';
import { diffApprovals } from './diff-approvals.ts';
import { diffLimits } from './diff-limits.ts';
import { type Sample, type Universe, universeOf } from './universe.ts';
import { conditionWords, sampleWords } from './words.ts';

export type { Difference };

/** What a caller may do on one server under the conditions, and what the other policy lets them do there. */
interface Right {
  what: string;
  condition: string;
  instead: string;
}

type Change = readonly [change: Difference['change'], without: Side, having: Side];

/**
 * Lists which groups, and which scopes of agents, may do more or less under `after` than under `before`. It compares
 * verdicts, not lines: a file that is written differently and means the same shows no difference. A right that gets a condition
 * is lost, and gained under the condition if the conditions of the other policy do not cover it; if that cannot be told, it is
 * both. Pure.
 * @param at what has ended by then does not count, in milliseconds since 1970. Default: the time that `after` is compiled for;
 *   nothing has ended if that is none
 */
export function diff(before: Policy, after: Policy, at = Number.isFinite(after.at) ? after.at : 0): Difference[] {
  const named = (of: (policy: Policy) => Iterable<string>) => [...new Set([...of(before), ...of(after)])].sort();
  const groups = named((policy) => policy.source.groups.keys());
  const scopes = named((policy) => [...policy.source.scopes.keys(), ...policy.source.ui.keys()]);
  const person = (policy: Policy, group: string) => sideOf(policy, personInGroups(policy, [group]).scopes, at);
  const agent = (policy: Policy, scope: string) => sideOf(policy, agentWithScopes(policy, [scope]).scopes, at);
  return [
    ...groups.flatMap((who) => diffOne('person', who, [person(before, who), person(after, who)])),
    ...diffApprovals(before, after, at),
    ...scopes.flatMap((who) => diffOne('agent', who, [agent(before, who), agent(after, who)])),
  ];
}

function diffOne(kind: Difference['kind'], who: string, sides: readonly [Side, Side]): Difference[] {
  const [before, after] = sides;
  const limits = diffLimits(kind, who, sides);
  if (formOf(before) === formOf(after)) return limits;
  const rules = sides.flatMap((side) => side.rules);
  const universe = universeOf(rules, sides.flatMap(uiServersOf));
  const compared = {
    ...{ pair: pairOf(sides), delta: deltaOf(before.rules, after.rules), methods: methodsOf(sides) },
    namedOn: toolsNamedIn(rules),
  };
  const changes: Change[] = [
    ['gains', before, after],
    ['loses', after, before],
  ];
  return [...changes.flatMap((change) => changed(universe, compared, { kind, who, change })), ...limits];
}

/** The same caller under two policies, and where their rules differ: asking of all else would take minutes for a long policy. */
interface Compared {
  pair: Pair;
  delta: Delta;
  methods: readonly string[];
  /** The names and patterns of tools in the rules about a server. All other tools are alike there. */
  namedOn(server: string): ReadonlySet<string>;
}

function changed(
  universe: Universe,
  compared: Compared,
  { kind, who, change }: Pick<Difference, 'kind' | 'who'> & { change: Change },
): Difference[] {
  const onServers = new Map<string, { right: Right; servers: Sample[] }>();
  for (const server of universe.servers)
    for (const right of newRights(universe, compared, server.name, change)) {
      const key = JSON.stringify(right);
      const known = onServers.get(key) ?? { right, servers: [] };
      known.servers.push(server);
      onServers.set(key, known);
    }
  return [...onServers.values()].flatMap(({ right, servers }) =>
    sampleWords(servers, universe.servers, 'server').map((server) => ({
      ...{ kind, who, change: change[0] },
      ...{ what: right.what, server, condition: right.condition, instead: right.instead },
    })),
  );
}

/** What `having` allows on a server and `without` does not. */
function newRights(universe: Universe, compared: Compared, server: string, [, without, having]: Change): Right[] {
  const permissions = uiPermissions
    .filter((permission) => mayManage(having, permission, server) && !mayManage(without, permission, server))
    .map((permission) => ({ what: `${permission} (in the registry)`, condition: '', instead: '' }));
  const differs = compared.delta(server);
  return differs
    ? [...rightsOn(universe, compared, server, { without, having, differs }), ...permissions]
    : permissions;
}

/** @param sides `differs`: whether a rule about the tool is only in one of them */
function rightsOn(
  universe: Universe,
  compared: Compared,
  server: string,
  { without, having, differs }: { without: Side; having: Side; differs: (tool: string) => boolean },
): Right[] {
  const { pair, methods: all } = compared;
  const plain = all.filter((method) => kindsOf(method).length === 0 || method === 'subscriptions/listen');
  const endsLater = (access: Parameters<typeof endOfRight>[2]): Omit<Right, 'what'>[] => {
    const end = endOfRight(having, server, access);
    if (end === undefined) return [];
    const other = endOfRight(without, server, access);
    if (other !== undefined && other >= end) return [];
    return [{ condition: words([untilOnly(end)]), instead: other === undefined ? '' : words([untilOnly(other)]) }];
  };
  const byCall = (name: string) => {
    if (!differs(name)) return [];
    const found = newConditions(pair, without, having, server, name);
    if (found.length === 0) return [];
    const instead = words(conditionsOn(pair, without, server, name).map(({ rule }) => rule));
    return found.map(({ rule }) => ({ condition: words([rule]), instead }));
  };
  const named = compared.namedOn(server);
  const tools = universe.objects.tool.filter(({ label }) => label === undefined || named.has(label));
  return [
    ...endsLater({ method: 'initialize' }).map((right) => ({ what: connecting, ...right })),
    ...plain.flatMap((method) => endsLater({ method }).map((right) => ({ what: method, ...right }))),
    ...all.flatMap((method) =>
      kindsOf(method).flatMap((kind) =>
        bySamples(kind === 'tool' ? tools : universe.objects[kind], method, kind, (name) =>
          method === 'tools/call' ? byCall(name) : endsLater({ method, object: { kind, name } }),
        ),
      ),
    ),
  ];
}

const connecting = 'connecting (initialize, ping and the like)';

/** The rights to objects of one kind; objects under equal conditions are named together. */
function bySamples(
  all: readonly Sample[],
  method: string,
  kind: ObjectKind,
  rightsTo: (name: string) => Omit<Right, 'what'>[],
): Right[] {
  const found = new Map<string, { right: Omit<Right, 'what'>; samples: Sample[] }>();
  for (const sample of all)
    for (const right of rightsTo(sample.name)) {
      const key = JSON.stringify(right);
      const known = found.get(key) ?? { right, samples: [] };
      known.samples.push(sample);
      found.set(key, known);
    }
  const which = kindsOf(method).length > 1 || method === 'subscriptions/listen' ? `${kind} ` : '';
  return [...found.values()].flatMap(({ right, samples }) =>
    sampleWords(samples, all, kind).map((word) => ({
      what: `${method} ${word.endsWith(` ${kind}`) ? '' : which}${word}`,
      ...right,
    })),
  );
}

/** The methods of MCP, and those of extensions that a rule names. */
function methodsOf(sides: readonly Side[]): string[] {
  const patterns = new Set(sides.flatMap(({ rules }) => rules.flatMap((rule) => rule.methods)));
  return [...new Set([...methods.keys(), ...expandMethods([...patterns])])];
}

function words(conditions: readonly Condition[]): string {
  return conditions.map(conditionWords).join(' or ');
}

function mayManage({ policy, scopes }: Side, permission: (typeof uiPermissions)[number], server: string): boolean {
  return mayUseUi(policy, scopes, permission, server);
}

/** One text for sides whose rules and permissions are written alike. */
function formOf(side: Side): string {
  const rules = side.rules.map(({ at: _, ...rule }) => rule);
  return JSON.stringify([rules, side.scopes.map((scope) => [...(side.policy.source.ui.get(scope) ?? [])])]);
}

function uiServersOf({ policy, scopes }: Side): string[] {
  return scopes.flatMap((scope) => [...(policy.source.ui.get(scope)?.values() ?? [])].flat()).map(wildcard);
}
