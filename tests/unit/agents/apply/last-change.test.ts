import { lastOfOthers } from '../../../../agents/commands/apply/registry.ts';

const at = '2026-11-30T10:00:00Z';
const entry = (action: string, by: string) => ({ at, by, action });
const seen = entry('first-seen', 'first seen');

test.each<[string, ReturnType<typeof entry>[], object | undefined]>([
  ['a change of another', [entry('edit', 'alice'), entry('register', 'ci')], { by: 'alice', at }],
  ['an own change', [entry('edit', 'ci'), entry('edit', 'alice')], undefined],
  ['tools that were seen after an own change', [seen, entry('register', 'ci')], undefined],
  ['tools that another approved after an own change', [entry('approve', 'alice'), entry('edit', 'ci')], undefined],
  ['tools that were seen after a change of another', [seen, entry('disable', 'dave')], { by: 'dave', at }],
  ['a server without entries', [], undefined],
])('Of %s, apply names who changed the settings last, if it was another', (_what, changes, last) => {
  expect(lastOfOthers(changes, 'ci')).toEqual(last);
});
