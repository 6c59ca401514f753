import { counterOf, limitsFor, limitsOf } from '../../../policy/limits.ts';
import { compilePolicy, type Limit } from '../../../policy/policy.ts';

const limit = (change: Partial<Limit>): Limit => ({
  ...{ at: 'limits[0]', server: '*', tools: ['*'], calls: 5, seconds: 60 },
  ...change,
});
const policyWith = (...limits: Limit[]) =>
  compilePolicy({ groups: new Map(), scopes: new Map(), ui: new Map(), limits });

const person = { isAgent: false, groups: ['support'], scopes: ['triage'] };
const agent = { isAgent: true, groups: [], scopes: ['triage'] };

test.each<[string, typeof person, Partial<Limit>, boolean]>([
  ['everyone, when it names no one', person, {}, true],
  ['every agent, when it names no one', agent, {}, true],
  ['a person in a group that it names', person, { who: ['other', 'support'] }, true],
  ['not a person in other groups', person, { who: ['other'] }, false],
  ['not a person by a scope of theirs: a scope that it names means agents', person, { who: ['triage'] }, false],
  ['an agent with a scope that it names', agent, { who: ['triage'] }, true],
  ['not an agent with other scopes', agent, { who: ['support'] }, false],
  ['no one by an empty list', person, { who: [] }, false],
  ['calls on a server that it names', person, { server: 'github' }, true],
  ['calls on a server that its pattern covers', person, { server: 'git*' }, true],
  ['not calls on another server', person, { server: 'github-2' }, false],
  ['calls on every server by the old word', person, { server: 'all' }, true],
  ['a tool that it names', person, { tools: ['create_issue'] }, true],
  ['a tool that its pattern covers', person, { tools: ['x', 'create_*'] }, true],
  ['not another tool', person, { tools: ['create', 'create_issue_2'] }, false],
  ['a tool by other letters, which a careless server takes for it', person, { tools: ['Create_issue'] }, true],
  ['tools by a pattern in other letters', person, { tools: ['CREATE_*'] }, true],
])('a limit counts for %s', (_what, who, change, isFound) => {
  const found = limitsFor(policyWith(limit(change)), who, 'github', 'create_issue');
  expect(found).toHaveLength(isFound ? 1 : 0);
});

test.each([
  'Create_Issue',
  ' create_issue',
  'create_issue\n',
  'create_\u200bissue',
  '\uff43reate_issue',
  'create_i\u017fsue',
])('a limit counts a call by the other spelling %j too', (tool) => {
  const policy = policyWith(
    limit({ tools: ['create_issue'] }),
    limit({ tools: ['create_*'] }),
    limit({ tools: ['x'] }),
  );
  expect(limitsFor(policy, person, 'github', tool)).toHaveLength(2);
});

test.each<[string, string, string[], boolean]>([
  ['the second of two names, in other letters', 'Create_Issue', ['x', 'create_issue'], true],
  ['none of two names, in other letters', 'Create_Issue', ['x', 'y'], false],
  ['letters whose last one an accent follows', 'e\u0301tat', ['e*'], true],
  ['the second of two patterns by these letters', 'e\u0301tat', ['x', 'e*'], true],
  ['other letters whose last one an accent follows', 'E\u0301tat', ['e*'], false],
])('a limit counts a call by %s', (_what, tool, tools, isFound) => {
  expect(limitsFor(policyWith(limit({ tools })), person, 'github', tool)).toHaveLength(isFound ? 1 : 0);
});

test('all limits that fit count, in whatever order they stand', () => {
  const [narrow, wide] = [limit({ at: 'limits[0]', tools: ['create_issue'] }), limit({ at: 'limits[1]', calls: 9 })];
  const at = (...limits: Limit[]) =>
    limitsFor(policyWith(...limits), person, 'github', 'create_issue').map((each) => each.at);
  expect(at(narrow, wide).sort()).toEqual(['limits[0]', 'limits[1]']);
  expect(at(wide, narrow).sort()).toEqual(['limits[0]', 'limits[1]']);
});

test('without limits nothing is made for a call', () => {
  const policy = policyWith();
  expect(limitsFor(policy, person, 'a', 'b')).toBe(limitsFor(policy, agent, 'c', 'd'));
  expect(limitsOf(policy, person)).toBe(limitsOf(policy, agent));
});

test.each<[string, Partial<Limit>, Partial<Limit>, boolean]>([
  ['when only the number of calls differs', { calls: 5 }, { calls: 9 }, true],
  ['when only the callers differ', { who: ['a'] }, {}, true],
  ['when it has moved in the file', { at: 'limits[0]' }, { at: 'limits[3]' }, true],
  ['when the tools stand in another order', { tools: ['a', 'b'] }, { tools: ['b', 'a', 'a'] }, true],
  ['with the old word for every server', { server: 'all' }, { server: '*' }, true],
  ['not for another server', { server: 'a' }, { server: 'b' }, false],
  ['not for other tools', { tools: ['a'] }, { tools: ['a', 'b'] }, false],
  ['not for tools whose names join to the same text', { tools: ['a,b'] }, { tools: ['a', 'b'] }, false],
  ['not for another window', { seconds: 60 }, { seconds: 3_600 }, false],
])('two limits share a count %s', (_what, one, other, isSame) => {
  expect(counterOf(limit(one)) === counterOf(limit(other))).toBe(isSame);
});
