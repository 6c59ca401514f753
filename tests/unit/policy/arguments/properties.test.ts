import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { decide } from '../../../../policy/decide.ts';
import {
  type ArgumentRule,
  compilePolicy,
  type PolicySource,
  type Rule,
  type ToolRule,
} from '../../../../policy/policy.ts';
import { type Access, anyArguments, unknownArguments } from '../../../../policy/request/mcp-request.ts';
import { runs, share } from '../arbitraries.ts';
import { slowlyJudge, trickyTexts } from './reference.ts';

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const condition = fc.oneof(
  fc.record({ values: fc.subarray(['acme/*', 'exact', '*', 5, 2.5, true, false], { minLength: 1 }) }),
  fc.record({ min: maybe(fc.constantFrom(1, 5)), max: maybe(fc.constantFrom(5, 100)) }),
);
const argument = (name: string) =>
  fc.record({ condition, optional: fc.boolean(), empty: fc.boolean() }).map(
    ({ condition: given, ...rest }): ArgumentRule => ({
      name,
      path: name.startsWith('/') ? name.slice(1).split('/') : [name],
      ...given,
      ...rest,
    }),
  );
const argumentRules = fc
  .tuple(argument('repo'), argument('n'), argument('/options/force'), argument('labels'))
  .chain((all) => fc.shuffledSubarray(all, { maxLength: 2 }));
const until = maybe(fc.constantFrom(50, 100, 150));
const toolRule: fc.Arbitrary<ToolRule> = fc
  .record({
    target: fc.oneof(
      fc.constantFrom({ pattern: 't' }, { pattern: 't*' }, { pattern: 'all' }, { pattern: 'u' }),
      fc.constant({ hint: 'read-only' as const }),
    ),
    arguments: argumentRules,
    only: fc.boolean(),
    approve: maybe(fc.record({ person: fc.boolean(), groups: fc.subarray(['ops', 'sec']) })),
    until,
  })
  .map(({ target, ...rest }) =>
    'hint' in target ? { ...rest, ...target, arguments: [], only: false } : { ...rest, ...target },
  );
const rule = fc.record({
  server: fc.constantFrom('a', '*', 'b'),
  methods: fc.constantFrom(['tools/call'], ['tools/*'], ['tools/list']),
  tools: fc.constantFrom([], [], [], ['u'], ['t']),
  toolRules: fc.array(toolRule, { maxLength: 3 }),
  until,
});
const names = ['x', 'y', 'z'];
const everyHeld = [[], ['x'], ['y'], ['z'], ['x', 'y'], ['x', 'z'], ['y', 'z'], names];
const source: fc.Arbitrary<PolicySource> = fc
  .array(fc.array(rule, { maxLength: 3 }), { minLength: 1, maxLength: names.length })
  .map((all) => ({
    groups: new Map(),
    ui: new Map(),
    limits: [],
    scopes: new Map(
      all.map((rules, i) => {
        const scope = names[i] ?? '';
        return [scope, rules.map((each, at): Rule => ({ at: `${scope}[${at}]`, prompts: [], resources: [], ...each }))];
      }),
    ),
  }));

const scalar = fc.constantFrom<unknown>(
  ...['acme/web', 'exact', 'evil', 'acme', '', ...trickyTexts],
  ...[5, 1, 100, 101, 0, 2.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY, true, false, null],
);
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(fc.oneof(scalar, fc.constant(['exact'])), { maxLength: 3 }) },
);
const good = fc.constantFrom<unknown>('acme/web', 'exact', 5, true, ['exact', 5]);
const key = fc.constantFrom('repo', 'n', 'labels');
const likely = fc.oneof({ weight: 3, arbitrary: good }, { weight: 1, arbitrary: value });
const given = fc
  .record({
    plain: fc.dictionary(key, likely, { noNullPrototype: true }),
    extra: fc.dictionary(fc.constantFrom('Repo', 'REPO', 'Options', 'options.force', 'extra', 'more'), good, {
      maxKeys: 1,
      noNullPrototype: true,
    }),
    options: maybe(
      fc.oneof(fc.dictionary(fc.constantFrom('force', 'Force', 'other'), likely, { noNullPrototype: true }), value),
    ),
    hasExtra: fc.constantFrom(true, false, false, false),
  })
  .map(({ plain, extra, options, hasExtra }) => ({
    ...plain,
    ...(hasExtra && extra),
    ...(options !== undefined && { options }),
  }));
const args: fc.Arbitrary<Access['arguments']> = fc.oneof(
  { weight: 12, arbitrary: given },
  { weight: 1, arbitrary: fc.constantFrom(anyArguments, unknownArguments, undefined) },
);
const known = { readOnly: new Map([['a', new Set(['tu'])]]) };

/** What both say, without what only one says: the name of the rule. */
function verdictOf(decision: ReturnType<typeof decide>): object {
  if (decision.allowed) return { allowed: true };
  const { reason, argument: failed, hold } = decision;
  if (hold) return { allowed: false, reason, ...hold.approvers };
  return reason === 'argument_not_allowed' ? { allowed: false, reason, argument: failed } : { allowed: false, reason };
}

/** Jest's own comparison takes most of the time. */
function same(received: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(received, expected)) expect(received).toEqual(expected);
}

describe('The rules about arguments, hints, holds and ends', () => {
  const several = <T>(arbitrary: fc.Arbitrary<T>, length: number) =>
    fc.array(arbitrary, { minLength: length, maxLength: length });
  const tool = fc.constantFrom('t', 't', 'tu', 'u', 'w');

  test('say what a simple loop over them says, in a million decisions', () => {
    const seen = new Map<string, number>();
    // Making a call takes longer than judging it: each is judged with every set of scopes.
    const property = fc.property(source, several(fc.tuple(tool, args), 10), (from, calls) => {
      const policy = compilePolicy(from, 100);
      for (const [name, each] of calls) {
        const access: Access = { method: 'tools/call', object: { kind: 'tool', name }, arguments: each };
        for (const scopes of everyHeld) {
          const decision = decide(policy, scopes, 'a', [access], known);
          same(verdictOf(decision), slowlyJudge(from, 100, scopes, 'a', access, known));
          const verdict = decision.allowed ? 'allowed' : decision.reason;
          seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
        }
      }
    });
    fc.assert(property, { numRuns: runs(13_600) });
    const total = [...seen.values()].reduce((sum, count) => sum + count, 0);
    expect(total).toBeGreaterThanOrEqual(1_000_000 / share);
    for (const verdict of ['allowed', 'approval_needed', 'argument_not_allowed', 'object_not_allowed'])
      expect([verdict, (seen.get(verdict) ?? 0) / total > 0.01]).toEqual([verdict, true]);
  });

  test('mean the same in any order of scopes, rules and entries', () => {
    const shuffled = <T>(all: readonly T[], seed: number) =>
      all
        .map((each, i) => ({ each, by: Math.sin(seed + i) }))
        .sort((a, b) => a.by - b.by)
        .map(({ each }) => each);
    fc.assert(
      fc.property(source, fc.integer(), several(fc.tuple(tool, args), 25), (from, seed, calls) => {
        const scopes = shuffled([...from.scopes], seed).map(([name, rules]): [string, Rule[]] => [
          name,
          shuffled(rules, seed + 1).map((each) => ({ ...each, toolRules: shuffled(each.toolRules, seed + 2) })),
        ]);
        const one = compilePolicy(from, 100);
        const other = compilePolicy({ ...from, scopes: new Map(scopes) }, 100);
        for (const [name, each] of calls) {
          const access: Access = { method: 'tools/call', object: { kind: 'tool', name }, arguments: each };
          const ask = (policy: typeof one, held: readonly string[]) => decide(policy, held, 'a', [access], known);
          const [before, after] = [ask(one, names), ask(other, shuffled(names, seed + 3))];
          same(verdictOf(after), verdictOf(before));
          if (!before.allowed && !after.allowed) same(after.hold, before.hold);
        }
      }),
      { numRuns: runs(1_000) },
    );
  });

  test('grant nothing more when one is taken away, or when time passes', () => {
    fc.assert(
      fc.property(source, several(fc.tuple(tool, args), 10), (from, calls) => {
        const without = new Map(
          [...from.scopes].map(([name, rules]) => [
            name,
            rules.map((each) => ({ ...each, toolRules: each.toolRules.slice(1) })),
          ]),
        );
        const policies = [
          compilePolicy(from, 100),
          compilePolicy(from),
          compilePolicy({ ...from, scopes: without }, 100),
        ];
        for (const [name, each] of calls) {
          const access: Access = { method: 'tools/call', object: { kind: 'tool', name }, arguments: each };
          const [whole, ...less] = policies.map((policy) => decide(policy, names, 'a', [access], known).allowed);
          if (!whole) expect(less).toEqual([false, false]);
        }
      }),
      { numRuns: runs(500) },
    );
  });
});
