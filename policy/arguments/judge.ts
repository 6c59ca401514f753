import { foldedKey, imitated, type JudgedLevel } from './look-alike.ts';
import type { ArgumentRule, ToolRule } from './tool-rule.ts';
import { type ValueJudge, valueJudge } from './value.ts';

type Json = Readonly<Record<string, unknown>>;

/** Returns the name of the first argument that is not as the rule wants it; undefined if all are. */
export type ArgumentsJudge = (given: Json) => string | undefined;

/** Makes the judge of a rule's arguments. Undefined if the rule says nothing about them. */
export function argumentsJudge({ arguments: rules, only }: ToolRule): ArgumentsJudge | undefined {
  if (rules.length === 0 && !only) return undefined;
  const judges = rules.map((rule) => ({ rule, judge: valueJudge(rule) }));
  const levels = levelsOf(rules);
  const named = new Set(rules.map(({ path }) => path[0]));
  return (given) =>
    firstOf(judges, ({ rule, judge }) => (fits(given, rule, judge) ? undefined : rule.name)) ??
    firstOf(levels, ({ path, level, rule }) => {
      const object = path.reduce<unknown>(own, given);
      return isObject(object) ? imitated(object, level, rule) : undefined;
    }) ??
    (only ? firstOf(Object.keys(given), (key) => (named.has(key) ? undefined : shown(key))) : undefined);
}

function fits(given: Json, { path, optional }: ArgumentRule, judge: ValueJudge): boolean {
  let at: unknown = given;
  for (const key of path) {
    // A wrong type, and not a missing argument: a program could find the rest in it.
    if (!isObject(at)) return false;
    if (!Object.hasOwn(at, key)) return optional;
    at = at[key];
  }
  return judge(at);
}

interface Level {
  /** The keys that lead to the object. */
  path: readonly string[];
  level: JudgedLevel;
  /** The first argument that is judged there. */
  rule: string;
}

/** The objects in which keys are judged: the arguments, and what pointers lead through. */
function levelsOf(rules: readonly ArgumentRule[]): Level[] {
  const levels = new Map<string, Level & { level: { names: Set<string>; folds: Map<string, string> } }>();
  for (const { name, path } of rules) {
    path.forEach((key, depth) => {
      const before = path.slice(0, depth);
      const id = JSON.stringify(before);
      const at = levels.get(id) ?? { path: before, level: { names: new Set(), folds: new Map() }, rule: name };
      levels.set(id, at);
      at.level.names.add(key);
      // Some programs also read nested keys from one key, such as `options.force` or `options[force]`.
      for (const likely of [key, path.slice(depth).join('')]) {
        const fold = foldedKey(likely);
        if (!at.level.folds.has(fold)) at.level.folds.set(fold, name);
      }
    });
  }
  return [...levels.values()];
}

function firstOf<T>(all: readonly T[], find: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A key of the caller's own, for messages and records. */
function shown(key: string): string {
  return /^[\w.$-]{1,64}$/.test(key) ? key : '(another)';
}

function own(at: unknown, key: string): unknown {
  return isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
