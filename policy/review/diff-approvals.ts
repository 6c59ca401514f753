import { expandMethods, type Policy, type Rule } from '../policy.ts';
import type { Difference } from './compare/difference.ts';
import { covers } from './rule-shape.ts';
import { type Sample, universeOf } from './universe.ts';
import { sampleWords } from './words.ts';

/** Rules whose calls members of one group may approve: their servers and tools. */
type Approvable = readonly Rule[];

/**
 * Which groups may approve other callers' held calls under one policy and not under the other. Pure.
 * @param at as for `diff`
 */
export function diffApprovals(before: Policy, after: Policy, at: number): Difference[] {
  const [old, fresh] = [approvable(before, at), approvable(after, at)];
  return [...new Set([...old.keys(), ...fresh.keys()])].sort().flatMap((who) => {
    const sides = [old.get(who) ?? [], fresh.get(who) ?? []] as const;
    return [...newIn(who, 'gains', sides[0], sides[1]), ...newIn(who, 'loses', sides[1], sides[0])];
  });
}

function newIn(who: string, change: Difference['change'], without: Approvable, having: Approvable): Difference[] {
  const { servers, objects } = universeOf([...without, ...having]);
  const onServers = new Map<string, Sample[]>();
  for (const server of servers) {
    const isNew = ({ name }: Sample) => names(having, server.name, name) && !names(without, server.name, name);
    for (const what of sampleWords(objects.tool.filter(isNew), objects.tool, 'tool'))
      onServers.set(what, [...(onServers.get(what) ?? []), server]);
  }
  return [...onServers].flatMap(([what, on]) =>
    sampleWords(on, servers, 'server').map((server): Difference => {
      return { kind: 'person', who, change, what: `approving calls of ${what}`, server, condition: '', instead: '' };
    }),
  );
}

/** By group, the rules with only those tools that it approves. */
function approvable({ source }: Policy, at: number): Map<string, Rule[]> {
  const found = new Map<string, Rule[]>();
  for (const rule of [...source.scopes.values()].flat()) {
    if (!lasts(rule, at) || !expandMethods(rule.methods).has('tools/call')) continue;
    const held = rule.toolRules.filter((tool) => lasts(tool, at));
    for (const group of new Set(held.flatMap(({ approve }) => approve?.groups ?? []))) {
      const toolRules = held.filter(({ approve }) => approve?.groups.includes(group));
      const own = found.get(group) ?? [];
      own.push({ ...rule, tools: [], prompts: [], resources: [], toolRules });
      found.set(group, own);
    }
  }
  return found;
}

function lasts({ until }: { until?: number | undefined }, at: number): boolean {
  return until === undefined || until > at;
}

function names(rules: Approvable, server: string, tool: string): boolean {
  return rules.some(
    (rule) => covers(rule.server, server) && rule.toolRules.some(({ pattern = '*' }) => covers(pattern, tool)),
  );
}
