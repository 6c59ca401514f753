import fc from 'fast-check';
import { parsePolicy, readPolicySource } from '../../../../common/policy/policy-file.ts';
import { type Decision, decide } from '../../../../policy/decide.ts';
import { compilePolicy } from '../../../../policy/policy.ts';
import { diff } from '../../../../policy/review/diff.ts';
import { differenceLine, differenceSentence } from '../../../../policy/review/words.ts';
import type { PolicySource } from '../../../../policy/source.ts';
import { runs, share } from '../arbitraries.ts';
import { anyCall, conditionalPolicy, shuffled, tellingCalls, times } from './conditional-policies.ts';

const policy = (rules: string, more = '') =>
  parsePolicy(`{group_mappings: {g: [s]}, ${more} s: [{server: github, methods: [tools/call], ${rules}}]}`);
const lines = (before: string, after: string) =>
  diff(policy(before), policy(after))
    .filter(({ kind }) => kind === 'person')
    .map(differenceLine);

const free = 'tools: [pay]';
const small = 'tools: [{name: pay, arguments: {amount: {max: 10}}}]';
const medium = 'tools: [{name: pay, arguments: {amount: {max: 100}}}]';
const soon = 'tools: [{name: pay, until: 2030-01-01T00:00:00Z}]';
const late = 'tools: [{name: pay, until: 2031-01-01T00:00:00Z}]';
const asked = 'tools: [{name: pay, approve: person}]';
const byOps = 'tools: [{name: pay, approve: {groups: [ops]}}]';

test('names that only the rules of other servers have are not listed beside any other tool', () => {
  const other = '{server: files, methods: [tools/call], tools: [open, "get_*"]}';
  const own = (tools: string) => `{server: github, methods: [tools/call], tools: [${tools}]}`;
  const of = (rules: string) => parsePolicy(`{group_mappings: {g: [s]}, s: [${rules}]}`);
  const told = (before: string, after: string) =>
    diff(of(before), of(after)).flatMap((each) => (each.kind === 'person' ? [differenceLine(each)] : []));
  expect(told(`${other}, ${own('pay')}`, `${other}, ${own('pay, {hint: read-only}')}`)).toEqual([
    'g gains tools/call any other tool on github, if a person approved it as read-only',
  ]);
  expect(told(`${other}, ${own('pay')}`, `${other}, ${own('"*"')}`)).toEqual([
    'g gains tools/call any other tool on github',
  ]);
});

test.each<[string, string, string, string[]]>([
  ['a new condition', free, small, ['g loses tools/call pay on github; still when amount is at most 10']],
  ['a condition that goes', small, free, ['g gains tools/call pay on github; so far when amount is at most 10']],
  [
    'a wider condition',
    small,
    medium,
    ['g gains tools/call pay on github, when amount is at most 100; so far when amount is at most 10'],
  ],
  [
    'a narrower condition',
    medium,
    small,
    ['g loses tools/call pay on github, when amount is at most 100; still when amount is at most 10'],
  ],
  [
    'conditions of which none covers the other',
    'tools: [{name: pay, arguments: {to: [bob]}}]',
    small,
    [
      'g gains tools/call pay on github, when amount is at most 10; so far when to is bob',
      'g loses tools/call pay on github, when to is bob; still when amount is at most 10',
    ],
  ],
  ['an end', free, soon, ['g loses tools/call pay on github; still until 2030-01-01 00:00 UTC']],
  [
    'a later end',
    soon,
    late,
    ['g gains tools/call pay on github, until 2031-01-01 00:00 UTC; so far until 2030-01-01 00:00 UTC'],
  ],
  ['a hold', free, asked, ['g loses tools/call pay on github; still after approval by the caller']],
  ['a hold that goes', asked, free, ['g gains tools/call pay on github; so far after approval by the caller']],
  [
    'other people who approve',
    asked,
    byOps,
    [
      'g gains tools/call pay on github, after approval by a person in ops; so far after approval by the caller',
      'g loses tools/call pay on github, after approval by the caller; still after approval by a person in ops',
      'ops gains approving calls of pay on github',
    ],
  ],
  [
    'a hint for every tool',
    'tools: []',
    'tools: [{hint: read-only}]',
    ['g gains tools/call every tool on github, if a person approved it as read-only'],
  ],
  ['a hint beside every tool', 'tools: ["*"]', 'tools: ["*", {hint: read-only}]', []],
  ['a condition beside every tool', 'tools: ["*"]', `tools: ["*", {name: pay, approve: person}]`, []],
  [
    'other arguments that become free',
    'tools: [{name: pay, arguments: {amount: {max: 10}}, only: true}]',
    small,
    [
      'g gains tools/call pay on github, when amount is at most 10; so far when amount is at most 10, with no other arguments',
    ],
  ],
  [
    'the same values in another order, in two entries that one covers',
    'tools: [{name: pay, arguments: {to: [bob, amy]}}]',
    'tools: [{name: pay, arguments: {to: [amy]}}, {name: pay, arguments: {to: {in: [amy, bob]}}}]',
    [],
  ],
  [
    'the end of the rule instead of the entry',
    soon,
    'until: 2030-01-01T01:00:00+01:00, tools: [pay]',
    ['g loses connecting (initialize, ping and the like) on github; still until 2030-01-01 00:00 UTC'],
  ],
  [
    'an optional argument as two entries',
    'tools: [{name: pay, arguments: {to: {in: [amy], optional: true}}, only: true}]',
    'tools: [{name: pay, arguments: {to: [amy]}, only: true}, {name: pay, only: true}]',
    [],
  ],
  [
    'an empty list as a second entry',
    'tools: [{name: pay, arguments: {to: {in: [amy], empty: true}}}]',
    'tools: [{name: pay, arguments: {to: [amy]}}, {name: pay, arguments: {to: {in: [bob], empty: true}}}]',
    ['g gains tools/call pay on github, when to is bob, or an empty list; so far when to is amy, or an empty list'],
  ],
  [
    'two values as two entries, which refuse a list of both',
    'tools: [{name: pay, arguments: {to: [amy, bob]}}]',
    'tools: [{name: pay, arguments: {to: [amy]}}, {name: pay, arguments: {to: [bob]}}]',
    ['g loses tools/call pay on github, when to is amy or bob; still when to is amy or when to is bob'],
  ],
  [
    'nested arguments and globs',
    'tools: [{name: pay, arguments: {/to/team: ["acme/*"]}}]',
    'tools: [{name: pay, arguments: {/to/team: ["ac*"]}}]',
    [
      'g gains tools/call pay on github, when /to/team is text that begins with ac; so far when /to/team is text that begins with acme/',
    ],
  ],
])('%s is told in words', (_, before, after, expected) => {
  expect(lines(before, after)).toEqual(expected);
});

test('what has ended is no difference', () => {
  const [before, after] = [soon, 'tools: []'].map((rules) => policy(rules)) as [never, never];
  expect(diff(before, after, Date.parse('2030-01-01T00:00:00Z')).map(({ what }) => what)).toEqual([]);
  expect(diff(before, after, Date.parse('2029-12-31T23:59:59Z')).map(({ what }) => what)).toEqual([
    'tools/call pay',
    'tools/call pay',
  ]);
});

test('what cannot be told is both gained and lost, and the same conditions in another order are no difference', () => {
  // Too many arguments may be missing to try all of their combinations.
  const many = (names: string[], most: number) =>
    `tools: [{name: pay, arguments: {${names.map((name) => `${name}: {max: ${most}, optional: true}`)}}}]`;
  const names = Array.from({ length: 12 }, (_, i) => `n${i}`);
  expect(lines(many(names, 5), many(names.toReversed(), 5))).toEqual([]);
  expect(diff(policy(many(names, 5)), policy(many(names, 6))).map(({ who, change }) => `${who} ${change}`)).toEqual([
    'g gains',
    'g loses',
    's gains',
    's loses',
  ]);
  // Half of an escape: such a glob covers itself only.
  const glob = (text: string) => `tools: [{name: pay, arguments: {to: ["${text}"]}}]`;
  expect(lines(glob('a%2*'), glob('a%2*'))).toEqual([]);
  expect(lines(glob('a%2*'), glob('a*'))).toHaveLength(2);
});

test('a longer glob loses, unless it takes an address that the shorter one does not', () => {
  const glob = (...texts: string[]) => `tools: [{name: pay, arguments: {to: [${texts.map((text) => `"${text}"`)}]}}]`;
  const changes = (before: string, after: string) => lines(before, after).map((line) => line.split(' ')[1]);
  expect(changes(glob('http://h/*'), glob('http://h/ab*'))).toEqual(['loses']);
  // `http://h/a:x` is under the longer one; `a:` could be a drive under the shorter one.
  expect(changes(glob('http://h/*'), glob('http://h/a*'))).toEqual(['gains', 'loses']);
  expect(changes(glob('db://*'), glob('db://*', 'db://q?*'))).toEqual([]);
});

test('limits are told for those whose calls they count, and not for tools that they may not call', () => {
  const rule = '{server: github, methods: [tools/call], tools: [pay]}';
  const limited = (...limits: string[]) =>
    parsePolicy(`{group_mappings: {g: [s], h: [t]}, limits: [${limits.join()}], s: [${rule}], t: [${rule}]}`);
  const told = (before: string[], after: string[]) => diff(limited(...before), limited(...after)).map(differenceLine);
  const hundred = '{who: [g], server: github, tools: [pay], calls: 100, per: hour}';
  const thousand = '{who: [g], server: github, tools: [pay], calls: 1000, per: hour}';
  expect(told([], [hundred])).toEqual(['g loses calls of pay beyond 100 an hour on github']);
  expect(told([hundred], [])).toEqual(['g gains calls of pay beyond 100 an hour on github']);
  expect(told([hundred], [thousand])).toEqual([
    'g gains calls of pay beyond 100 an hour on github, up to 1000 an hour',
  ]);
  expect(told([thousand], [hundred])).toEqual(['g loses calls of pay beyond 100 an hour on github']);
  expect(told([], ['{server: github, tools: [get], calls: 1, per: day}'])).toEqual([]);
  expect(told([hundred], [hundred, thousand])).toEqual([]);
  expect(told([], ['{calls: 5, per: minute}'])).toEqual([
    'g loses calls of every tool beyond 5 a minute on every server',
    'h loses calls of every tool beyond 5 a minute on every server',
    's loses calls of every tool beyond 5 a minute on every server',
    't loses calls of every tool beyond 5 a minute on every server',
  ]);
});

test('a difference can be a sentence, people first', () => {
  const [gain] = diff(policy(small), policy(free));
  const [loss] = diff(policy(free), policy(small));
  if (!gain || !loss) throw new Error('both differ');
  expect(differenceSentence(gain, '4 people in g')).toBe(
    '4 people in g may now call pay on github; so far when amount is at most 10.',
  );
  expect(differenceSentence(loss)).toBe(
    'People in g may no longer call pay on github; they still may when amount is at most 10.',
  );
});

const tools = ['get', 'set', 'zz'];
const known = { readOnly: new Map([['s', new Set(['get', 'zz'])]]) };

/** Each verdict on a call, at each time and of tools that only read and others. */
function verdicts(source: PolicySource, calls: readonly Record<string, unknown>[]): unknown[] {
  return times.flatMap((at) => {
    const now = compilePolicy(source, at);
    return ['s', 'other'].flatMap((server) => [
      decide(now, ['s'], server, [{ method: 'tools/list' }]).allowed,
      ...tools.flatMap((name) =>
        calls.flatMap((call) =>
          [known, undefined].map((hints) => {
            const object = { kind: 'tool', name } as const;
            const decision = decide(now, ['s'], server, [{ method: 'tools/call', object, arguments: call }], hints);
            return approvalOf(decision);
          }),
        ),
      ),
    ]);
  });
}

function approvalOf(decision: Decision) {
  if (decision.allowed) return true;
  return decision.hold ? [decision.hold.approvers.person, ...decision.hold.approvers.groups] : false;
}

test('two policies have no difference exactly if they allow and hold the same calls, for any policies and calls', () => {
  let equal = 0;
  let different = 0;
  fc.assert(
    fc.property(
      conditionalPolicy,
      conditionalPolicy,
      fc.integer({ min: 0, max: 3 }),
      fc.array(anyCall, { minLength: 10, maxLength: 30 }),
      (one, another, kind, calls) => {
        const other = kind === 0 ? shuffled(one) : another;
        const [before, after] = [readPolicySource(one), readPolicySource(other)];
        const at = times[0] ?? 0;
        const found = diff(compilePolicy(before, at), compilePolicy(after, at)).filter(({ who }) => who === 'g');
        const all = [...calls, ...tellingCalls(one), ...tellingCalls(other)];
        const asked = [...new Map(all.map((call) => [JSON.stringify(call), call])).values()];
        const isSame = JSON.stringify(verdicts(before, asked)) === JSON.stringify(verdicts(after, asked));
        expect([one, other, found.length === 0]).toEqual([one, other, isSame]);
        if (isSame) equal++;
        else different++;
      },
    ),
    { numRuns: runs(60) },
  );
  if (share === 1) expect(Math.min(equal, different)).toBeGreaterThan(5);
});
