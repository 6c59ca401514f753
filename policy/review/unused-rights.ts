import { Patterns } from '../patterns/patterns.ts';
import type { PolicySource } from '../policy.ts';
import { lifecycle } from '../request/methods.ts';
import { type RuleShape, shapeOf } from './rule-shape.ts';

/** What a rule allowed, and when last. `object` and `method` are `other` if no catalogue has them. */
export interface RuleUse {
  /** The name of the rule in the policy of that time. */
  rule: string;
  server: string;
  method: string;
  object: string;
  /** Seconds since 1970. */
  last: number;
}

/** A right that was not used in a span, in whole or for some tools. */
export interface UnusedRight {
  rule: string;
  /** The groups that have it; the scope, if no group has it and only agents can. */
  groups: string[];
  server: string;
  /** Tools that it names or matches and that were not called through it; `server/tool` if it names no single server. */
  tools: string[];
  /** Seconds since 1970; null if no use is known. */
  lastUsed: number | null;
}

export interface RightsQuery {
  /** The beginning of the span, in seconds since 1970. */
  from: number;
  /** A rule that has ended by then is no right; in milliseconds since 1970. Default: none has ended. */
  at?: number;
  /** The tools that each server is known to have. */
  tools: ReadonlyMap<string, readonly string[]>;
  /** Rights on these servers only, for each server by itself; `all` for each rule as a whole. */
  servers: 'all' | readonly string[];
}

const other = 'other';
/** Answers show the first of these; the rest says little more. */
const mostRights = 100;
const mostTools = 50;

/**
 * Which rights of the policy in force were not used. A rule of the policy may have had another name when it was used: a use that
 * the rule of that name does not cover counts for each rule of the scope that does, so that nothing that was used is called
 * unused. Opening a session is no use. Pure.
 * @returns rights that were not used at all first
 */
export function unusedRights(policy: PolicySource, uses: readonly RuleUse[], query: RightsQuery): UnusedRight[] {
  const rights: UnusedRight[] = [];
  const real = uses.filter(({ method }) => !lifecycle.has(method));
  for (const [scope, rules] of policy.scopes) {
    const lasting = rules.filter(({ until }) => until === undefined || until > (query.at ?? 0));
    const shapes = lasting.map((rule) => quick(rule, query.at ?? 0)).filter(({ methods }) => methods.size > 0);
    const used = usesByRule(shapes, scope, real);
    const groups = [...policy.groups].flatMap(([group, scopes]) => (scopes.includes(scope) ? [group] : []));
    for (const shape of shapes)
      for (const server of serversOf(shape, query)) {
        const right = rightOf(shape, server, used.get(shape.at) ?? [], query);
        if (right) rights.push({ ...right, groups: groups.length > 0 ? groups : [scope] });
      }
  }
  const isPart = new Set(rights.filter(({ lastUsed }) => lastUsed !== null && lastUsed >= query.from));
  return rights.sort((a, b) => Number(isPart.has(a)) - Number(isPart.has(b))).slice(0, mostRights);
}

/** A rule whose patterns are compiled: there are thousands of uses. */
interface QuickRule extends RuleShape {
  coversServer: (name: string) => boolean;
  /** Whether it names the tool, with a condition or without. Which tools a hint covers is not known here. */
  namesTool: (name: string) => boolean;
  /** Whether it could allow a call of the tool. */
  coversTool: (name: string) => boolean;
}

function quick(rule: Parameters<typeof shapeOf>[0], at: number): QuickRule {
  const shape = shapeOf(rule);
  const lasting = shape.toolRules.filter(({ until }) => until === undefined || until > at);
  const named = lasting.filter(({ hint }) => hint === undefined);
  const tools = (of: typeof lasting) => oneOf([...shape.objects.tool, ...of.map(({ pattern }) => pattern)]);
  return { ...shape, coversServer: oneOf([shape.server]), namesTool: tools(named), coversTool: tools(lasting) };
}

function oneOf(patterns: readonly string[]): (name: string) => boolean {
  const compiled = new Patterns<true>();
  for (const pattern of patterns) compiled.at(pattern, () => true);
  return (name) => !compiled.matching(name).next().done;
}

function usesByRule(shapes: readonly QuickRule[], scope: string, uses: readonly RuleUse[]): Map<string, RuleUse[]> {
  const byRule = new Map<string, RuleUse[]>();
  const byName = new Map(shapes.map((shape) => [shape.at, shape]));
  for (const use of uses) {
    if (!use.rule.startsWith(`${scope}[`)) continue;
    const named = byName.get(use.rule);
    const found = named && mayHaveAllowed(named, use) ? [named] : shapes.filter((shape) => mayHaveAllowed(shape, use));
    for (const { at } of found) {
      const own = byRule.get(at) ?? [];
      own.push(use);
      byRule.set(at, own);
    }
  }
  return byRule;
}

function mayHaveAllowed({ coversServer, coversTool, methods }: QuickRule, use: RuleUse): boolean {
  if (!coversServer(use.server)) return false;
  if (use.method === other) return true;
  if (!methods.has(use.method)) return false;
  return use.method !== 'tools/call' || use.object === other || coversTool(use.object);
}

function serversOf({ server, coversServer }: QuickRule, { servers }: RightsQuery): readonly string[] {
  return servers === 'all' ? [server] : servers.filter(coversServer);
}

/** @param server a server, or the rule's own pattern of servers */
function rightOf(
  { at, methods, namesTool }: QuickRule,
  server: string,
  uses: readonly RuleUse[],
  { from, tools }: RightsQuery,
): Omit<UnusedRight, 'groups'> | undefined {
  const isOn = oneOf([server]);
  const own = uses.filter((use) => isOn(use.server));
  const lately = own.filter(({ last }) => last >= from);
  const called = new Set(lately.filter(isCall).map((use) => `${use.server}/${use.object}`));
  const missed: string[] = [];
  for (const [name, its] of methods.has('tools/call') ? tools : []) {
    if (!isOn(name)) continue;
    for (const tool of its) {
      if (called.has(`${name}/${tool}`) || !namesTool(tool)) continue;
      missed.push(server === name ? tool : `${name}/${tool}`);
    }
  }
  if (lately.length > 0 && missed.length === 0) return undefined;
  const lastUsed = own.length > 0 ? own.reduce((latest, { last }) => Math.max(latest, last), 0) : null;
  return { rule: at, server, tools: missed.slice(0, mostTools), lastUsed };
}

function isCall({ method }: RuleUse): boolean {
  return method === 'tools/call';
}
