import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pictures } from './screenshots/pictures.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const folder = join(docs, 'images');
const pages = ['README.md', 'pages.md', 'registry.md'];
const text = pages
  .map((page) => readFileSync(join(page === 'README.md' ? join(docs, '..') : docs, page), 'utf8'))
  .join('\n');
const named = new Set([...text.matchAll(/images\/([\w.-]+)/g)].map(([, file]) => file));

test('Each picture of the documentation exists, and each that exists is shown', () => {
  expect([...named].sort()).toEqual(readdirSync(folder).sort());
});

test('Each picture is one that npm run docs:screenshots makes, or of the version before', () => {
  const made = new Set(pictures.map(({ file }) => file));
  expect([...named].filter((file) => !made.has(file ?? '') && !file?.startsWith('before-'))).toEqual([]);
});

test('The pictures are small: a clone of the repository has all of them', () => {
  const bytes = readdirSync(folder).map((file) => statSync(join(folder, file)).size);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(600_000);
});
