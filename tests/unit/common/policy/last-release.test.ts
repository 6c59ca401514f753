import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { faultsInLastRelease, processOfLastRelease } from '../../../support/policy/last-release.ts';

const base = `
group_mappings: { staff: [s] }
UI-Scopes: { s: { list_service: [all] } }
s:
  - { server: time, methods: [tools/call], tools: [now] }
`;
const withRule = (words: string) => base.replace('tools: [now]', words);
const limit = `limits:\n  - { who: [staff], server: time, calls: 1, per: hour }\n`;
const unknownKey = (key: string) => `line 5: s[0]: Unrecognized key: "${key}"`;
const noNames = 'line 5: s[0].tools: must be a list of names';

test.each<[words: string, text: string, faults: string[]]>([
  ['approve of a rule', withRule('tools: [now], approve: person'), [unknownKey('approve')]],
  ['until of a rule', withRule('tools: [now], until: 2099-01-01T00:00:00Z'), [unknownKey('until')]],
  ['approve of a tool', withRule('tools: [{ name: now, approve: person }]'), [noNames]],
  ['arguments', withRule('tools: [{ name: now, arguments: { zone: [Europe/Rome] } }]'), [noNames]],
  ['hint', withRule('tools: [{ hint: read-only }]'), [noNames]],
  ['limits', base + limit, [expect.stringContaining('limits[0]') as unknown as string]],
])(
  'The last release refuses the whole file for the new word %s, and judges by the one before',
  (_words, text, faults) => {
    expect(parsePolicy(text).source.scopes.has('s')).toBe(true);
    const replica = processOfLastRelease(base);
    replica.take(text);
    expect(replica.faults().slice(-faults.length)).toEqual(faults);
    expect(replica.policy().source).toEqual(parsePolicy(base).source);
  },
);

test.each<[words: string, text: string]>([
  ['nothing new', base],
  ['limits without a limit', `${base}limits: []\n`],
  ['a method of an extension', base.replace('tools/call', 'tools/call, skills/list')],
  ['a permission that is new', base.replace('list_service: [all]', 'list_service: [all], edit_policy: [all]')],
])('The last release can use a file with %s: none of it narrows a rule', (_words, text) => {
  expect(faultsInLastRelease(text)).toEqual([]);
});

test('The last release takes the next file that it can use', () => {
  const replica = processOfLastRelease(base);
  replica.take(base + limit);
  replica.take(base.replace('now', 'zone'));
  expect([replica.faults(), replica.policy().source.scopes.get('s')?.[0]?.tools]).toEqual([[], ['zone']]);
});
