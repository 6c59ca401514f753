import { expandMethods, type Policy, type Rule, scopesOfGroups, type ToolRule, wildcard } from '../../policy.ts';
import { endOfRight, isWithin, type Pair, pairOf } from '../compare/alternatives.ts';
import { type Alternative, never, type Side, sideOf } from '../compare/side.ts';
import { covers } from '../rule-shape.ts';
import { universeOf } from '../universe.ts';
import { timeWords, toolRuleWords } from '../words.ts';
import { type Finding, info, warning } from './finding.ts';

/** Ends within these are told. */
const soonDays = 14;
const day = 86_400_000;

/**
 * Finds conditions without effect: holds and rules about arguments beside a rule that allows the same without them, and what
 * has ended; and tells what ends soon, whom no group is, and what a hint will cover. Pure.
 */
export function lintConditions(policy: Policy): Finding[] {
  const { scopes, groups } = policy.source;
  const rules = [...scopes.values()].flat();
  return [
    ...rules.flatMap((rule) => [
      ...endsOf(rule, policy.at),
      ...approversOf(rule, groups),
      ...rule.toolRules.filter(({ hint }) => hint && wildcard(rule.server).endsWith('*')).map(() => hintOf(rule)),
    ]),
    ...withoutEffect(policy),
  ];
}

function endsOf({ at, until, toolRules }: Rule, now: number): Finding[] {
  if (!Number.isFinite(now)) return [];
  const told = (end: number, what: string): Finding[] => {
    if (end <= now) return [warning(at, `${what}ended on ${timeWords(end)} and grants nothing: delete it`)];
    if (end - now > soonDays * day) return [];
    const days = Math.floor((end - now) / day);
    const when = days === 0 ? 'within a day' : days === 1 ? 'in a day' : `in ${days} days`;
    return [info(at, `${what}ends on ${timeWords(end)}, ${when}`)];
  };
  const of = (tool: ToolRule) => `${nameOf(tool)} `;
  return [
    ...(until === undefined ? [] : told(until, '')),
    ...toolRules.flatMap((tool) => (tool.until === undefined ? [] : told(tool.until, of(tool)))),
  ];
}

function approversOf({ at, toolRules }: Rule, groups: ReadonlyMap<string, unknown>): Finding[] {
  const unknown = new Set(
    toolRules.flatMap(({ approve }) => approve?.groups ?? []).filter((name) => !groups.has(name)),
  );
  return [...unknown].map((name) => warning(at, `lets people in ${name} approve, a group that nothing maps`));
}

function hintOf({ at, server }: Rule): Finding {
  return info(
    at,
    `"hint: read-only" on ${server} covers tools of servers that are registered later, once a person approves their definitions`,
  );
}

/** What one rule's entry grants to those who hold its scope. */
interface Entry {
  rule: Rule;
  tool: ToolRule;
}

function withoutEffect(policy: Policy): Finding[] {
  const found = new Map<ToolRule, { entry: Entry; groups: string[]; by: string }>();
  const felt = new Set<ToolRule>();
  for (const group of policy.source.groups.keys()) {
    const side = sideOf(policy, scopesOfGroups(policy, [group]), policy.at);
    const entries = side.rules.filter(callsTools).flatMap((rule) => rule.toolRules.map((tool) => ({ rule, tool })));
    if (entries.length === 0) continue;
    const ask = askAbout(side);
    for (const entry of entries) {
      const by = ask(entry);
      if (by === undefined) felt.add(entry.tool);
      else {
        const known = found.get(entry.tool) ?? { entry, groups: [], by };
        known.groups.push(group);
        found.set(entry.tool, known);
      }
    }
  }
  return [...found.values()].map(({ entry: { rule, tool }, groups, by }) => {
    const who = `${groups.length === 1 ? 'the group' : 'the groups'} ${groups.join(', ')}`;
    const message = `the condition of ${toolRuleWords(tool)} has no effect for ${who}: ${by} allows the same without it`;
    // Where others feel it, it may be meant for them.
    return (felt.has(tool) ? info : warning)(rule.at, message);
  });
}

/** @returns a function that names the rule that makes an entry's condition idle; undefined if the condition has an effect */
function askAbout(side: Side): (entry: Entry) => string | undefined {
  const pair = pairOf([side, side]);
  const { servers, objects } = universeOf(side.rules);
  return ({ rule, tool }) => {
    if (!hasCondition(tool)) return undefined;
    let by: string | undefined;
    for (const server of servers.filter(({ name }) => covers(rule.server, name)))
      for (const object of objects.tool.filter(({ name }) => covers(tool.pattern ?? '*', name))) {
        const found = idleBy(side, pair, { rule, tool }, server.name, object.name);
        if (found === undefined) return undefined;
        by ??= found;
      }
    return by;
  };
}

function idleBy(side: Side, pair: Pair, { rule, tool }: Entry, server: string, name: string): string | undefined {
  const end = Math.min(rule.until ?? never, tool.until ?? never);
  const { unjudged, witnesses } = pair(server, name);
  const access = { method: 'tools/call', object: { kind: 'tool', name }, arguments: unjudged } as const;
  const free = endOfRight(side, server, access);
  if (free !== undefined && free >= end) {
    const decision = side.before(end, server, access);
    return decision.allowed ? decision.rule : undefined;
  }
  if (!tool.approve) return undefined;
  // A hold beside the same call without one.
  const own: Alternative = { rule: { ...tool, approve: undefined }, end };
  const unheld = side
    .alternatives(server, name)
    .find((other) => other.rule.approve === undefined && isWithin(witnesses, own, other));
  return unheld && (unheld.at ?? rule.at);
}

function hasCondition({ hint, arguments: rules, only, approve }: ToolRule): boolean {
  return hint !== undefined || rules.length > 0 || only || approve !== undefined;
}

function callsTools({ methods }: Rule): boolean {
  return expandMethods(methods).has('tools/call');
}

function nameOf({ pattern, hint }: ToolRule): string {
  return pattern ?? `hint: ${hint}`;
}
