import fc from 'fast-check';
import { areSame, createWays } from '../../../../../auth-server/audit/replay/alternatives.ts';
import type { RequestGroup } from '../../../../../auth-server/audit/replay/groups.ts';
import { judge } from '../../../../../auth-server/audit/replay/judge.ts';
import { readPolicySource } from '../../../../../common/policy/policy-file.ts';
import { decide } from '../../../../../policy/decide.ts';
import { compilePolicy, type Policy } from '../../../../../policy/policy.ts';
import { runs } from '../../../policy/arbitraries.ts';
import {
  anyCall,
  conditionalPolicy,
  shuffled,
  tellingCalls,
  times,
} from '../../../policy/review/conditional-policies.ts';

const tools = { readOnly: new Map([['s', new Set(['get'])]]) };
const request = (object: string): RequestGroup => ({
  ...{ verdict: 'allow', reason: null, person: 'p', client: null, server: 's', object, method: 'tools/call' },
  ...{ caller: 'c', isOlder: false, isCut: false, hasMore: false, via: null, count: 1 },
  last: { at: 0, writer: 2, number: 1 },
});
const answerTo = (policy: Policy, name: string, given: Record<string, unknown>) => {
  const decision = decide(
    policy,
    ['s'],
    's',
    [{ method: 'tools/call', object: { kind: 'tool', name }, arguments: given }],
    tools,
  );
  return decision.allowed ? 'allowed' : decision.reason === 'approval_needed' ? 'held' : 'refused';
};
const names = fc.constantFrom('get', 'set', 'gets', 'other');
const at = fc.constantFrom(...times);

test('What a replay says of a call without its arguments holds for all arguments', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(conditionalPolicy, names, at, fc.array(anyCall, { maxLength: 5 }), (text, name, time, calls) => {
      const policy = compilePolicy(readPolicySource(text), time);
      const { kind } = judge(
        { policy, ways: createWays(policy, tools), scopes: ['s'], tools, isHub: false },
        request(name),
      );
      seen.add(kind);
      const answers = new Set([{}, ...calls, ...tellingCalls(text)].map((given) => answerTo(policy, name, given)));
      if (kind === 'depends') return;
      expect([...answers]).toEqual([kind]);
    }),
    { numRuns: runs(300) },
  );
  expect(seen).toEqual(new Set(['allowed', 'refused', 'held', 'depends']));
});

test('Policies that ask the same of a call, in whatever order, are told to; others differ for some arguments', () => {
  let [same, different] = [0, 0];
  fc.assert(
    fc.property(conditionalPolicy, conditionalPolicy, names, at, (text, otherText, name, time) => {
      const compiled = (of: string) => compilePolicy(readPolicySource(of), time);
      const ways = (of: Policy) => createWays(of, tools)(['s'], 's', name);
      const [policy, turned, other] = [compiled(text), compiled(shuffled(text)), compiled(otherText)];
      expect(areSame(ways(policy), ways(turned))).toBe(true);
      if (!areSame(ways(policy), ways(other))) {
        different++;
        return;
      }
      same++;
      for (const given of [{}, ...tellingCalls(text), ...tellingCalls(otherText)])
        expect(answerTo(policy, name, given)).toBe(answerTo(other, name, given));
    }),
    { numRuns: runs(60) },
  );
  expect(same).toBeGreaterThan(0);
  expect(different).toBeGreaterThan(0);
});
