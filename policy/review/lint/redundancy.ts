import type { Rule } from '../../policy.ts';
import { kindsOf, type ObjectKind } from '../../request/methods.ts';
import { type Calls, formOf, isWithin, rememberWitnesses } from '../compare/alternatives.ts';
import { type Alternative, never } from '../compare/side.ts';
import { patternWithin, type RuleShape, readsResource, shapeOf } from '../rule-shape.ts';

/**
 * Returns the rules of one scope that could be deleted without effect, each with a rule that grants as much. Of two equal
 * rules it returns the later one. It skips rules that grant no method. Pure.
 */
export function redundantRules(rules: readonly Rule[]): [rule: Rule, by: Rule][] {
  const shapes = rules.map(shapeOf);
  const witnesses = rememberWitnesses(shapes.flatMap(({ toolRules }) => toolRules));
  const grants = (wide: RuleShape, narrow: RuleShape) => grantsAll(wide, narrow, witnesses);
  return rules.flatMap((rule, i): [Rule, Rule][] => {
    const shape = shapes[i];
    if (!shape || shape.methods.size === 0) return [];
    const by = rules.find((_, j) => {
      const other = shapes[j];
      return i !== j && other && grants(other, shape) && (j < i || !grants(shape, other));
    });
    return by ? [[rule, by]] : [];
  });
}

/** Returns the scopes with equal rules, in any order: the first of them with each later one. Pure. */
export function equalScopes(scopes: ReadonlyMap<string, readonly Rule[]>): [first: string, second: string][] {
  const first = new Map<string, string>();
  const pairs: [string, string][] = [];
  for (const [scope, rules] of scopes) {
    if (rules.length === 0) continue;
    const key = JSON.stringify(rules.map(normal).sort());
    const before = first.get(key);
    if (before === undefined) first.set(key, scope);
    else pairs.push([before, scope]);
  }
  return pairs;
}

function normal(rule: Rule): string {
  const { server, methods, objects, toolRules, until } = shapeOf(rule);
  const sorted = (names: Iterable<string>) => [...new Set(names)].sort();
  const conditions = toolRules.map((tool) => JSON.stringify([tool.pattern, tool.until, formOf(tool)]));
  const lists = [methods, objects.tool, objects.prompt, objects.resource, conditions];
  return JSON.stringify([server, until, ...lists.map(sorted)]);
}

function grantsAll(wide: RuleShape, narrow: RuleShape, witnesses: Calls['witnesses']): boolean {
  if (!patternWithin(narrow.server, wide.server) || endOf(wide) < endOf(narrow)) return false;
  const isTold = (tool: ConditionalTool) => {
    if (wide.objects.tool.some((pattern) => patternWithin(tool.pattern, pattern))) return true;
    const all = wide.toolRules.filter(({ pattern }) => patternWithin(tool.pattern, pattern));
    return all.some((other) => isWithin(witnesses, alternative(tool, narrow), alternative(other, wide)));
  };
  return [...narrow.methods].every(
    (method) =>
      wide.methods.has(method) &&
      (method !== 'tools/call' || narrow.toolRules.every(isTold)) &&
      kindsOf(method).every((kind) =>
        narrow.objects[kind].every((name) => wide.objects[kind].some((pattern) => objectWithin(kind, name, pattern))),
      ),
  );
}

type ConditionalTool = RuleShape['toolRules'][number];

function alternative(tool: ConditionalTool, rule: RuleShape): Alternative {
  return { rule: tool, end: Math.min(endOf(tool), endOf(rule)) };
}

function endOf({ until }: { until?: number | undefined }): number {
  return until ?? never;
}

function objectWithin(kind: ObjectKind, name: string, pattern: string): boolean {
  if (!patternWithin(name, pattern)) return false;
  // A resource, or the prefix of a glob, that is written out may lead out of the wider glob.
  return kind !== 'resource' || name === pattern || readsResource(pattern, name.replace(/\*$/, 'x'));
}
