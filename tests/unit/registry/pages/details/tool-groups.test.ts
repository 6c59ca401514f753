import { toolGroups } from '../../../../../registry/pages/details/tool-groups.ts';
import { shownTools } from '../../../../../registry/pages/details/tools.ts';
import { readServerView } from '../../../../../registry/pages/details/view.ts';
import { toolOf } from '../../../../support/registry/registry-fixture.ts';

const tools = shownTools(
  [
    toolOf('get_note', { title: 'Get a note', annotations: { readOnlyHint: true, destructiveHint: true } }),
    toolOf('add_note', { annotations: { destructiveHint: false } }),
    toolOf('drop_notes', { description: 'Deletes each note.', annotations: { destructiveHint: true } }),
    toolOf('silent', { annotations: { title: 'Says nothing' } }),
    toolOf('without'),
  ],
  (tool) => ({ is: tool === 'get_note' ? 'yes' : 'no' }),
);
const shown = (query: object, review: string[] = []) => {
  const { groups, filters } = toolGroups(tools, new Set(review), readServerView('tools', { ...query }), 'notes');
  return {
    groups: groups.map(({ kind, tools: own }) => [kind, ...own.map(({ name }) => name)]),
    filters: filters.map(({ label, count }) => [label, count]),
  };
};

test('Tools are in groups by what their server says of them, and one that says nothing is not among the harmless', () => {
  expect(shown({}).groups).toEqual([
    ['reads', 'get_note'],
    ['changes', 'add_note'],
    ['destroys', 'drop_notes'],
    ['silent', 'silent', 'without'],
  ]);
});

test('A filter finds words of names, titles and descriptions, in any case and order, and counts stay those of all tools', () => {
  expect(shown({ find: 'NOTE get' }).groups).toEqual([['reads', 'get_note']]);
  expect(shown({ find: 'deletes' }).groups).toEqual([['destroys', 'drop_notes']]);
  expect(shown({ find: 'invoice' })).toEqual({
    groups: [],
    filters: [
      ['All', 5],
      ['You may call', 1],
    ],
  });
});

test('Tools to review have a filter while there are any', () => {
  expect(shown({ show: 'review' }, ['tool-add_note'])).toEqual({
    groups: [['changes', 'add_note']],
    filters: [
      ['All', 5],
      ['You may call', 1],
      ['To review', 1],
    ],
  });
});
