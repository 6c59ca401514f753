import { callsInWords, cannotTellInWords, rowInWords } from '../../../../agents/commands/policy/replay-words.ts';

test.each([
  [{ calls: 0, people: 0 }, 'none'],
  [{ calls: 1, people: 1 }, '1 call of 1 caller'],
  [{ calls: 12_345, people: 3 }, '12,345 calls of 3 callers'],
])('%j are %s', (counts, words) => {
  expect(callsInWords(counts)).toBe(words);
});

test.each([
  [{ server: 'github', method: 'tools/call', object: 'create_issue' }, 'create_issue on github'],
  [{ server: 'github', method: 'tools/list', object: '' }, 'tools/list on github'],
  [{ server: 'files', method: 'resources/read', object: 'file:///a' }, 'resources/read file:///a on files'],
  [{ server: 'files', method: '', object: '' }, 'a request on files'],
])('%j is %s', (row, words) => {
  expect(rowInWords(row)).toBe(words);
});

test('What cannot be told says why', () => {
  expect(cannotTellInWords({ reason: 'erased', count: 1_200 })).toBe('1,200: of people who were erased');
});
