import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { usesApprovals } from '../../../policy/uses-approvals.ts';

const plain = '{ server: a, methods: [tools/call], tools: [t, { name: u, only: true }] }';
const held =
  '{ server: b, methods: [tools/call], tools: [{ name: u, only: true }, { name: t, approve: { groups: [g] } }] }';

test.each<[what: string, text: string, boolean]>([
  ['without rules', 'g: []', false],
  ['without approvals', `s: [${plain}]`, false],
  ['with one in the second rule', `s: [${plain}, ${held}]`, true],
  ['with one in the second scope', `s: [${plain}]\nt: [${held}]`, true],
])('a policy %s: whether it holds calls is %j', (_what, text, expected) => {
  const { source } = parsePolicy(`group_mappings: { g: [s] }\n${text}`);
  // The second time it is remembered.
  expect([usesApprovals(source), usesApprovals(source)]).toEqual([expected, expected]);
});
