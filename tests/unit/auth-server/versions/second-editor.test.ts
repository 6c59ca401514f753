import { gainsOf, whyNotConfirm, whySecond } from '../../../../auth-server/versions/second-editor.ts';
import { readPolicySource } from '../../../../common/policy/policy-file.ts';
import { compilePolicy } from '../../../../policy/policy.ts';
import { diff } from '../../../../policy/review/diff.ts';

const now = Date.parse('2026-11-30T12:00:00Z');

/** ada is in admins; the rule of admins is `rule`. */
const policyOf = (rule: string, more = '') =>
  compilePolicy(
    readPolicySource(`
group_mappings: { admins: [own], guards: [other], users: [third] }
UI-Scopes: { own: { edit_policy: [all] }, other: { edit_policy: [all] } }
own:
  - { server: pay, methods: [tools/call], ${rule} }
other: []
third: []
${more}`),
    now,
  );
const ada = { sub: 'ada', groups: ['admins'], scopes: ['own'] };
const gains = (before: Parameters<typeof policyOf>, after: Parameters<typeof policyOf>) => {
  const [old, changed] = [policyOf(...before), policyOf(...after)];
  return gainsOf(old, changed, diff(old, changed));
};

const limit = (calls: number) => `limits:\n  - { who: [admins], server: pay, calls: ${calls}, per: hour }\n`;
const until = (day: string) => `until: "${day}T12:00:00Z", tools: [send]`;

/** Each row from less to more for the group of ada. */
test.each<[string, Parameters<typeof policyOf>, Parameters<typeof policyOf>]>([
  ['another tool', ['tools: [send]'], ['tools: [send, refund]']],
  ['a pattern', ['tools: [send]'], ['tools: ["*"]']],
  ['a later end', [until('2026-12-01')], [until('2027-12-01')]],
  ['no end', [until('2026-12-01')], ['tools: [send]']],
  ['what has ended', [until('2026-11-01')], [until('2026-12-01')]],
  ['no approval', ['tools: [{ name: send, approve: person }]'], ['tools: [send]']],
  [
    'other values of an argument',
    ['tools: [{ name: send, arguments: { to: ["acme/a"] } }]'],
    ['tools: [{ name: send, arguments: { to: ["acme/*"] } }]'],
  ],
  [
    'a larger amount',
    ['tools: [{ name: send, arguments: { amount: { max: 10 } } }]'],
    ['tools: [{ name: send, arguments: { amount: { max: 11 } } }]'],
  ],
  ['other arguments', ['tools: [{ name: send, only: true }]'], ['tools: [send]']],
  ['the tools that only read', ['tools: [send]'], ['tools: [send, { hint: read-only }]']],
  ['a higher limit', ['tools: [send]', limit(10)], ['tools: [send]', limit(11)]],
  ['no limit', ['tools: [send]', limit(10)], ['tools: [send]']],
  [
    'an own call that the group may approve',
    ['tools: [{ name: send, approve: { groups: [guards] } }]'],
    ['tools: [{ name: send, approve: { groups: [admins] } }]'],
  ],
])('%s for a group of the editor needs a second one', (_what, less, more) => {
  expect(whySecond(gains(less, more), ada)).toContain('admins gains access, and the editor is in it.');
  expect(whyNotConfirm(gains(less, more), 'grace', ada)).toMatch(/You are in admins/);
});

test.each<[string, Parameters<typeof policyOf>, Parameters<typeof policyOf>]>([
  ['Less for a group of the editor', ['tools: [send, refund]'], ['tools: [send]']],
  ['A lower limit for a group of the editor', ['tools: [send]', limit(11)], ['tools: [send]', limit(10)]],
  ['An earlier end for a group of the editor', [until('2027-12-01')], [until('2026-12-01')]],
  ['The same in other words', ['tools: [send]'], ['tools: [send], prompts: []']],
])('%s needs no second one', (_what, before, after) => {
  expect(whySecond(gains(before, after), ada)).toEqual([]);
});

test.each<[string, string, string]>([
  ['has no rules', 'users', 'limits: []'],
  ['is not in the policy', 'visitors', 'limits: []'],
  ['gets a higher one', 'visitors', 'limits: [{ who: [visitors], calls: 11, per: hour }]'],
])(
  'A limit that is lifted for another group of the editor needs a second one, if that group %s',
  (_what, group, after) => {
    const before = 'limits: [{ who: [users, visitors], calls: 10, per: hour }]';
    const found = gains(['tools: [send]', before], ['tools: [send]', after]);
    const editor = { ...ada, groups: ['admins', group] };
    expect(whySecond(found, editor)).toEqual([`${group} gains access, and the editor is in it.`]);
    expect(whySecond(found, ada)).toEqual([]);
  },
);

describe('A change of who may edit the policy', () => {
  const editors = (...groups: string[]) => {
    const lines = ['admins', 'guards', 'users'].map(
      (group) => `${group}: [${groups.includes(group) ? 'editing' : 'idle'}]`,
    );
    const text = `group_mappings: { ${lines.join(', ')} }\nUI-Scopes: { editing: { edit_policy: [all] } }\nidle: []\nediting: []\n`;
    return compilePolicy(readPolicySource(text), now);
  };
  const between = (before: string[], after: string[]) => {
    const [old, changed] = [editors(...before), editors(...after)];
    return gainsOf(old, changed, diff(old, changed));
  };
  const grace = { sub: 'grace', groups: ['guards'], scopes: ['editing'] };
  const eve = { sub: 'eve', groups: ['admins'], scopes: ['editing'] };

  test('needs a second editor, also if the editor is in neither group', () => {
    expect(whySecond(between(['admins', 'guards'], ['admins']), ada)).toEqual([
      'guards loses the right to edit the policy.',
    ]);
    expect(whySecond(between(['admins'], ['admins', 'users']), ada)).toEqual([
      'users gets the right to edit the policy.',
    ]);
  });

  test('is confirmed by an editor whose groups do not gain it', () => {
    const found = between(['admins', 'guards'], ['admins', 'guards', 'users']);
    expect(whyNotConfirm(found, 'ada', grace)).toBeUndefined();
    expect(whyNotConfirm(found, 'ada', { ...eve, groups: ['admins', 'users'] })).toMatch(/You are in users/);
  });

  test('is never confirmed by who made it', () => {
    const found = between(['admins', 'guards'], ['admins']);
    expect(whyNotConfirm(found, 'grace', grace)).toMatch(/yourself/);
  });
});

test('If every group of editors gains, another person may confirm, and no one else', () => {
  const found = {
    groups: ['admins', 'guards'],
    scopes: [],
    editorsBefore: ['admins', 'guards'],
    editorsAfter: ['admins', 'guards'],
  };
  expect(whyNotConfirm(found, 'ada', { sub: 'eve', groups: ['admins'], scopes: [] })).toBeUndefined();
  expect(whyNotConfirm(found, 'ada', ada)).toMatch(/yourself/);
  expect(
    whyNotConfirm({ ...found, groups: ['admins'] }, 'ada', { sub: 'eve', groups: ['admins'], scopes: [] }),
  ).toMatch(/You are in admins/);
});
