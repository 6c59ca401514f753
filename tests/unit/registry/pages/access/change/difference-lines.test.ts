import { parsePolicy } from '../../../../../../common/policy/policy-file.ts';
import { diff } from '../../../../../../policy/review/diff.ts';
import { linesOf } from '../../../../../../registry/pages/access/change/difference-lines.ts';
import { replayView } from '../../../../../../registry/pages/access/change/replay-view.ts';
import { replayOf, replayRow } from '../../../../../support/registry/policy-door.ts';

const before = parsePolicy('group_mappings: { team: [s], other: [s] }\nUI-Scopes: { s: { list_service: [notes] } }\n');
const after = parsePolicy(`
group_mappings: { team: [s, new], other: [s] }
UI-Scopes:
  s: { list_service: [notes] }
  new: { toggle_service: [notes], modify_service: [notes], health_check_service: [notes] }
new:
  - server: notes
    methods: [tools/call]
    tools: [find, read, { name: write, arguments: { book: [inbox] } }]
`);

test('One sentence names all tools, and all permissions, that a group gains alike; what has a condition stands apart', () => {
  const { people, agents } = linesOf(diff(before, after), new Map([['team', 1_204]]));
  expect(people.lines.map(({ text }) => text)).toEqual([
    'People in team (1,204 seen in 30 days) may now call find and read on notes.',
    'People in team may now call write on notes, when book is inbox.',
    expect.stringMatching(/^People in team may now connect/),
    'People in team may now use health_check_service, toggle_service and modify_service (in the registry) on notes.',
  ]);
  expect(agents.lines[0]?.text).toBe('Agents with the scope new may now call find and read on notes.');
});

test('Without counts, no number is made up; what is lost says so', () => {
  const { people } = linesOf(diff(after, before));
  expect(people.lines[0]).toEqual({
    change: 'loses',
    text: 'People in team may no longer call find and read on notes.',
  });
});

test('Characters that a person does not see are spelled out', () => {
  const one = { kind: 'person', change: 'gains', condition: '', instead: '', server: 'notes' } as const;
  const hidden = [{ ...one, who: 'te\u200bam', what: 'tools/call \u202eetirw' }];
  expect(linesOf(hidden).people.lines.map(({ text }) => text)).toEqual([
    'People in te\\u{200b}am may now call \\u{202e}etirw on notes.',
  ]);
});

test('A thousand differences give forty sentences and the number of the others', () => {
  const one = { kind: 'person', change: 'gains', what: 'tools/call x', condition: '', instead: '' } as const;
  const many = Array.from({ length: 1_000 }, (_, i) => ({ ...one, who: `group-${i}`, server: 'notes' }));
  const { people } = linesOf(many);
  expect([people.lines.length, people.more]).toEqual([40, 960]);
});

test('A replay names its callers where they are few, and says what cannot be told', () => {
  const rows = [replayRow({ server: '#registry', method: 'GET', object: '' })];
  const view = replayView(
    replayOf({ allowed: { calls: 3, people: 1, rows }, cannotTell: [{ reason: 'erased', count: 2 }] }),
  );
  expect(view.figures.map(({ label, count, note }) => [label, count, note])).toEqual([
    ['Would allow', '3', 'calls that were refused, all of carol'],
    ['Would refuse', '0', 'calls that were allowed'],
  ]);
  expect(view.figures[0]?.rows[0]).toMatchObject({ what: 'GET on the registry', href: '/audit/c-0-23' });
  expect(view.cannotTell).toEqual(['2 records: of people who were erased']);
});
