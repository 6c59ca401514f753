import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** Words that make a sentence hard to read: name the caller, the user or the client, and begin with the subject. */
const words = /\b(whoever|whomever|nobody|somebody|anybody|anew|as far as)\b/i;
/** Files that hold these words as data. */
const data = [
  'LICENSE',
  'bench/search/questions.yml',
  'registry/search/words.ts',
  'tests/unit/plain-english.test.ts',
  'package-lock.json',
];

test('Code, pages, messages and documents avoid the words that plain English does without', () => {
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0');
  const texts = listed.filter((file) => file && !/\.(png|pem|svg)$/.test(file) && !data.includes(file));
  expect(texts.length).toBeGreaterThan(500);
  const found = texts.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, i) => (words.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});
