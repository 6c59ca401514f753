import { createToolIndex } from '../../../../registry/search/tool-index.ts';
import { createVocabulary } from '../../../../registry/search/vocabulary.ts';
import { loadWords } from '../../../../registry/search/words.ts';
import type { ToolInfo } from '../../../../registry/servers/tool.ts';

const words = await loadWords();
const tool = (name: string, more: Partial<ToolInfo>): ToolInfo => {
  return { name, title: null, description: null, inputSchema: null, outputSchema: null, annotations: null, ...more };
};
/** A word for each number. No two of them pass for a typo of each other. */
const letters = (n: number): string =>
  String(n)
    .padStart(6, '0')
    .replace(/\d/g, (digit) => 'bcdfghjklm'.charAt(Number(digit)).repeat(2));
const madeUp = (from: number, count: number) => Array.from({ length: count }, (_, i) => letters(from + i)).join(' ');
const indexed = async (tools: ToolInfo[]) => {
  const index = createToolIndex(words);
  await index.sync([{ server: 'evil', title: 'Evil', description: '', tags: [], tools }]);
  return (text: string) => index.search(text, () => true).length;
};

test('A tool brings 300 new words at most, a server 4,000, and known words stay allowed', () => {
  const begin = createVocabulary();
  const allowed = (from: number, count: number) => {
    const allows = begin();
    return madeUp(from, count).split(' ').filter(allows).length;
  };
  expect(allowed(0, 1_000)).toBe(300);
  expect(allowed(0, 300)).toBe(300);
  expect(allowed(1_000, 200)).toBe(200);
  for (let i = 2; i < 30; i++) allowed(i * 1_000, 400);
  expect(allowed(90_000, 400)).toBe(0);
  expect(allowed(0, 300)).toBe(300);
});

test('Made-up words over the limit are not found, and each tool is found by its name', async () => {
  const found = await indexed(
    Array.from({ length: 100 }, (_, i) => tool(`tool_${letters(i)}`, { description: madeUp(i * 200, 200) })),
  );
  expect(found(letters(0))).toBe(1);
  expect(found(letters(90 * 200))).toBe(0);
  expect(found(`tool_${letters(99)}`)).toBeGreaterThan(0);
});

test.each([
  ['combining marks', { title: `sun ${'\u0316\u0301'.repeat(15_000)}`, description: 'sun' }],
  ['letters that become many', { description: `sun ${'\ufdfa'.repeat(1_900)}` }],
  ['a title of 60 kB', { title: `sun ${madeUp(0, 6_000)}` }],
  [
    'thousands of arguments',
    {
      title: 'sun',
      inputSchema: { properties: Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [letters(i), {}])) },
    },
  ],
])('A tool with %s is found by its first words', async (_what, more) => {
  const found = await indexed(Array.from({ length: 30 }, (_, i) => tool(`t${i}`, more)));
  expect(found('sun')).toBe(30);
});
