import { decide } from '../../decide.ts';
import { type ArgumentRule, compilePolicy, type ToolRule } from '../../policy.ts';
import { samplesOf } from './samples.ts';
import type { Condition } from './side.ts';

/** Arguments of a call. */
export type Arguments = Readonly<Record<string, unknown>>;

/** Calls for one rule: each optional argument is there or missing, each list may be empty. More combinations are not tried. */
const mostCalls = 256;
/** Calls times places in the arguments that other rules judge: each is judged. More are not tried. */
const mostTrials = 3_000;

/**
 * Calls that the rule allows, and that other rules together allow only if they allow all that it allows: each argument is a
 * list of one sample of everything that it may be, and all arguments that the rule does not judge are there with a value that
 * no rule allows. A rule judges a list element by element, so no two rules can share such a list between them. Pure.
 * @param all the rules that it is compared with
 * @returns none for a rule that allows no call; undefined if there are too many: then it cannot be told what covers the rule
 */
export function witnessesOf(rule: Condition, all: readonly Condition[]): Arguments[] | undefined {
  if (rule.arguments.length === 0 && !rule.only) return [unjudged(all)];
  const choices: Choice[][] = [];
  for (const argument of rule.arguments) {
    const own = choicesOf(argument, all);
    if (!own) return undefined;
    choices.push(own);
  }
  const foreign = foreignPaths(rule, all);
  const count = choices.reduce((product, own) => product * own.length, 1);
  if (count > mostCalls || count * foreign.length > mostTrials) return undefined;
  const calls = choices.reduce<Arguments[]>(
    (so, own) => so.flatMap((call) => own.map((choose) => choose(call))),
    [noArguments()],
  );
  const allows = judgeOf(rule);
  const judged = new Set(rule.arguments.map(({ path }) => path[0]));
  // `only` refuses what it does not name, and no rule takes a look-alike of what it names: a call goes without them. An object
  // that is missing stays so.
  const add = (call: Arguments, path: readonly string[]) => {
    if (path.length > 1 && judged.has(path[0]) && !isObject(at(call, path.slice(0, -1)))) return call;
    const more = withValue(call, path, null);
    return allows(more) ? more : call;
  };
  const full = calls.map((call) => foreign.reduce(add, call));
  return full.every(allows) ? full : undefined;
}

/** Arguments that only a rule allows which judges none. */
export function unjudged(all: readonly Condition[]): Arguments {
  const paths = all.flatMap((rule) => rule.arguments.map(({ path }) => path.slice(0, 1)));
  return [...paths, [unnamedIn(all)]].reduce((into, path) => withValue(into, path, null), noArguments());
}

/** Whether a rule allows arguments, at any time and after any approval. The judge is `decide`, with that rule alone. */
export function judgeOf({ arguments: rules, only }: Pick<Condition, 'arguments' | 'only'>) {
  const toolRules: ToolRule[] = [{ pattern: '*', arguments: rules, only }];
  const nothing = { tools: [], prompts: [], resources: [] };
  const scopes = new Map([['only', [{ at: 'only[0]', server: '*', methods: ['tools/call'], ...nothing, toolRules }]]]);
  const policy = compilePolicy({ groups: new Map(), ui: new Map(), scopes, limits: [] });
  const object = { kind: 'tool', name: 'any' } as const;
  return (call: Arguments) =>
    decide(policy, ['only'], 'any', [{ method: 'tools/call', object, arguments: call }]).allowed;
}

/** Makes an argument what it may be, in a call. */
type Choice = (call: Arguments) => Arguments;

/**
 * What an argument may be in a call: a list of all its samples, an empty list, or missing, with the objects that lead to it or
 * without. In place of the samples of a rule that takes anything: what the fewest others take. Undefined if it may be something
 * of which there is no sample.
 */
function choicesOf(argument: ArgumentRule, all: readonly Condition[]): Choice[] | undefined {
  const { path } = argument;
  const allows = judgeOf({ arguments: [argument], only: false });
  const put =
    (value: unknown): Choice =>
    (call) =>
      withValue(call, path, value);
  const isAllowed = (value: unknown) => allows(put(value)(noArguments()));
  const samples = samplesOf(argument, all, isAllowed);
  if (!samples) return undefined;
  const full = [null, [[null]], { [unnamedIn(all)]: null }, samples].find(isAllowed);
  const missing = path.map((_, depth): Choice => {
    return (call) => (depth === 0 ? call : withValue(call, path.slice(0, depth), noArguments()));
  });
  return [
    ...(full === undefined ? [] : [put(full)]),
    ...(isAllowed([]) ? [put([])] : []),
    ...(allows(noArguments()) ? missing : []),
  ];
}

/** Where other rules judge something that this one does not, and a key that no rule names, at each level that it judges. */
function foreignPaths(rule: Condition, all: readonly Condition[]): (readonly string[])[] {
  const own = rule.arguments.map(({ path }) => path);
  const isUnder = (path: readonly string[], start: readonly string[]) => start.every((key, i) => path[i] === key);
  const others = new Map(all.flatMap((each) => each.arguments.map(({ path }) => [JSON.stringify(path), path])));
  const foreign = [...others.values()].filter(
    (path) => !own.some((each) => isUnder(each, path) || isUnder(path, each)),
  );
  const unnamed = unnamedIn(all);
  const levels = own.flatMap((path) => path.map((_, i) => [...path.slice(0, i), unnamed]));
  return [...foreign, ...levels, [unnamed]];
}

function unnamedIn(all: readonly Condition[]): string {
  const named = new Set(all.flatMap((rule) => rule.arguments.flatMap(({ path }) => path)));
  let name = 'unnamed';
  while (named.has(name)) name += '-';
  return name;
}

/** Without a prototype, because a rule may name `__proto__`. */
function noArguments(): Arguments {
  return Object.create(null);
}

/** The arguments with a value at a path. What is there already stays. */
function withValue(call: Arguments, [key, ...rest]: readonly string[], value: unknown): Arguments {
  if (key === undefined) return call;
  const isThere = Object.hasOwn(call, key);
  const old = isThere ? call[key] : noArguments();
  if (rest.length === 0 ? isThere : !isObject(old)) return call;
  const copy: Record<string, unknown> = Object.assign(noArguments(), call);
  copy[key] = rest.length === 0 ? value : withValue(old as Arguments, rest, value);
  return copy;
}

function at(call: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, key) => (isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined),
    call,
  );
}

function isObject(value: unknown): value is Arguments {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
