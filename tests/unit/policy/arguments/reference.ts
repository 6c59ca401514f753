import { isReadOnly, type KnownTools } from '../../../../policy/known-tools.ts';
import type { ArgumentRule, PolicySource, Rule, ToolRule } from '../../../../policy/policy.ts';
import { type Access, anyArguments, unknownArguments } from '../../../../policy/request/mcp-request.ts';
import { slowlyDecide } from '../reference.ts';

/** Texts that begin like one under a glob, and that no glob but a lone one covers. Written down, not computed. */
export const trickyTexts = ['acme/../x', 'acme//x', 'acme/%2e', 'acme/\u200bx'];
/** Keys that some program reads as another one, by the object in which they stand. */
const lookAlikes: Record<string, Record<string, string>> = {
  '': { Repo: 'repo', REPO: 'repo', 'options.force': 'options/force', Options: 'options' },
  options: { Force: 'force' },
};

type Json = Record<string, unknown>;

/** What `decide` should say, from the rules as the file writes them: the verdict, and what goes with it. */
export function slowlyJudge(
  source: PolicySource,
  at: number,
  scopes: readonly string[],
  server: string,
  access: Access,
  known: KnownTools,
): object {
  const left = new Map([...source.scopes].map(([scope, rules]) => [scope, rules.filter((rule) => lasts(rule, at))]));
  const { verdict } = slowlyDecide({ ...source, scopes: left }, scopes, server, [access]);
  if (verdict !== 'object_not_allowed' || access.object?.kind !== 'tool')
    return verdict === 'allowed' ? { allowed: true } : { allowed: false, reason: verdict };
  const tool = access.object.name;
  const isFor = (rule: ToolRule) => (rule.hint ? isReadOnly(known, server, tool) : matches(rule.pattern ?? '', tool));
  const outcomes = scopes
    .flatMap((scope) => left.get(scope) ?? [])
    .filter((rule) => matches(rule.server, server) && rule.methods.some((method) => matches(method, access.method)))
    .flatMap((rule) => rule.toolRules.filter((each) => lasts(each, at) && isFor(each)))
    .map((rule) => ({ rule, failed: failedBy(rule, access.arguments ?? {}) }));
  const passed = outcomes.filter(({ failed }) => failed === undefined).map(({ rule }) => rule);
  if (passed.some(({ approve }) => !approve || access.arguments === anyArguments)) return { allowed: true };
  const approvers = passed.flatMap(({ approve }) => approve ?? []);
  if (approvers.length > 0) {
    const groups = [...new Set(approvers.flatMap((each) => each.groups))].sort();
    return { allowed: false, reason: 'approval_needed', person: approvers.some(({ person }) => person), groups };
  }
  const names = outcomes.flatMap(({ failed }) => failed ?? []).sort();
  if (outcomes.length === 0) return { allowed: false, reason: 'object_not_allowed' };
  return { allowed: false, reason: 'argument_not_allowed', argument: names.find((name) => name !== '') };
}

function lasts({ until }: Pick<Rule, 'until'>, at: number): boolean {
  return until === undefined || at < until;
}

function matches(pattern: string, name: string): boolean {
  if (pattern === 'all') return true;
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** The name of the first argument that fails; empty if none can be named. */
function failedBy({ arguments: rules, only }: ToolRule, given: NonNullable<Access['arguments']>): string | undefined {
  if (given === anyArguments || (rules.length === 0 && !only)) return undefined;
  if (given === unknownArguments) return rules[0]?.name ?? '';
  const object = given as Json;
  const wrong = rules.find((rule) => !isRight(rule, object, rule.path));
  if (wrong) return wrong.name;
  const alike = rules
    .flatMap(({ path }, index) => path.map((_, depth) => ({ depth, index, before: path.slice(0, depth) })))
    .map(({ depth, before }) => ({ depth, before: before.join('/') }))
    .find(({ before }) => imitatedIn(object, before, rules) !== undefined);
  if (alike) return imitatedIn(object, alike.before, rules);
  const named = rules.map(({ path }) => path[0]);
  return only ? Object.keys(object).find((key) => !named.includes(key)) : undefined;
}

function imitatedIn(given: Json, before: string, rules: readonly ArgumentRule[]): string | undefined {
  const object = before === '' ? given : given[before];
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return undefined;
  const below = rules.filter(({ path }) => path.slice(0, -1).join('/').startsWith(before) || path.join('/') === before);
  for (const key of Object.keys(object)) {
    const stands = lookAlikes[before]?.[key];
    if (stands === undefined) continue;
    const rest = before === '' ? '' : `${before}/`;
    const found = below.find(({ path }) => {
      const whole = path.join('/');
      return whole === rest + stands || (stands === 'options' && path[0] === 'options');
    });
    if (found) return found.name;
  }
  return undefined;
}

function isRight(rule: ArgumentRule, object: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return isValue(rule, object);
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return false;
  if (!Object.keys(object).includes(key)) return rule.optional;
  return isRight(rule, (object as Json)[key], rest);
}

function isValue(rule: ArgumentRule, value: unknown): boolean {
  if (!rule.values && rule.min === undefined && rule.max === undefined) return true;
  if (Array.isArray(value)) return value.length === 0 ? rule.empty : value.every((each) => isElement(rule, each));
  return isElement(rule, value);
}

function isElement({ values, min = -1e9, max = 1e9 }: ArgumentRule, value: unknown): boolean {
  if (typeof value === 'boolean') return values?.includes(value) ?? false;
  if (typeof value === 'string')
    return values?.some((one) => one === '*' || (one === value && !value.endsWith('*')) || isGlob(one, value)) ?? false;
  if (typeof value !== 'number' || !(Math.abs(value) < 2 ** 53)) return false;
  return values ? values.includes(value) : min <= value && value <= max;
}

function isGlob(one: string | number | boolean, value: string): boolean {
  return typeof one === 'string' && one.endsWith('*') && matches(one, value) && !trickyTexts.includes(value);
}
