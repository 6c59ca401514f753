import type { Rule } from '../../policy.ts';
import { kindsOf, type ObjectKind } from '../../request/methods.ts';
import { patternWithin, type RuleShape, readsResource, shapeOf } from '../rule-shape.ts';

/**
 * Returns the rules of one scope that could be deleted without effect, each with a rule that grants as much. Of two equal
 * rules it returns the later one. It skips rules that grant no method. Pure.
 */
export function redundantRules(rules: readonly Rule[]): [rule: Rule, by: Rule][] {
  const shapes = rules.map(shapeOf);
  return rules.flatMap((rule, i): [Rule, Rule][] => {
    const shape = shapes[i];
    if (!shape || shape.methods.size === 0) return [];
    const by = rules.find((_, j) => {
      const other = shapes[j];
      return i !== j && other && grantsAll(other, shape) && (j < i || !grantsAll(shape, other));
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
  const { server, methods, objects } = shapeOf(rule);
  const sorted = (names: Iterable<string>) => [...new Set(names)].sort();
  return JSON.stringify([server, ...[methods, objects.tool, objects.prompt, objects.resource].map(sorted)]);
}

function grantsAll(wide: RuleShape, narrow: RuleShape): boolean {
  if (!patternWithin(narrow.server, wide.server)) return false;
  return [...narrow.methods].every(
    (method) =>
      wide.methods.has(method) &&
      kindsOf(method).every((kind) =>
        narrow.objects[kind].every((name) => wide.objects[kind].some((pattern) => objectWithin(kind, name, pattern))),
      ),
  );
}

function objectWithin(kind: ObjectKind, name: string, pattern: string): boolean {
  if (!patternWithin(name, pattern)) return false;
  // A resource, or the prefix of a glob, that is written out may lead out of the wider glob.
  return kind !== 'resource' || name === pattern || readsResource(pattern, name.replace(/\*$/, 'x'));
}
