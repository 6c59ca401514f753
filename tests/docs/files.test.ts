import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { pages } from './shell-blocks.ts';

/** Every file of the repository, tracked or not yet added. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));
const tops = new Set(files.map((file) => file.split('/')[0]));

/** Files that exist only after something has run, or that readers create. */
const made = [
  /^agents\/\.env\.(user|agent|reader)$/,
  /^data\//,
  /^reports\//,
  /^node_modules\//,
  /^auth-server\.db(-wal|-shm)?$/,
];

/** A path as a page writes it: plain characters, with a slash or the extension of a source file. */
const pathLike = /^(?:[\w.-]+\/)*[\w.-]+(?:\/|\.(?:ts|mjs|yml|yaml|conf|template|sh|css|json|md))$/;

function isThere(path: string): boolean {
  if (existsSync(path)) return !path.endsWith('/') || statSync(path).isDirectory();
  // Relative to the part that the page describes: `gate/maps.conf`, `session.ts`.
  const bare = path.replace(/\/$/, '');
  return files.some((file) => file.endsWith(`/${bare}`) || (path.endsWith('/') && `/${file}`.includes(`/${bare}/`)));
}

function pathsOn(page: string): string[] {
  const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
  const quoted = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...new Set(quoted)].filter((code) => pathLike.test(code) && isOurs(code));
}

/** Source files anywhere; other files if the path begins with a folder of this repository. */
function isOurs(path: string): boolean {
  if (made.some((each) => each.test(path))) return false;
  return /\.ts$/.test(path) || (path.includes('/') && tops.has(path.split('/')[0] ?? ''));
}

test.each(pages)('Every file that %s names exists', (page) => {
  expect(pathsOn(page).filter((path) => !isThere(path))).toEqual([]);
});

test('The pages name many files, so a reader that finds none would fail', () => {
  expect(pages.flatMap(pathsOn).length).toBeGreaterThan(60);
  expect(pathsOn('docs/architecture.md')).toEqual(
    expect.arrayContaining(['auth-server/identity/identify.ts', 'gate/answer.ts']),
  );
});
