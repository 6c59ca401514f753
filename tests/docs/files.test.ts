import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { pages } from './shell-blocks.ts';

/** Every file that belongs to the repository, tracked or about to be. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));
const tops = new Set(files.map((file) => file.split('/')[0]));

/** What only comes about when something runs, or is for readers to make. */
const made = [
  /^agents\/\.env\.(user|agent|reader)$/,
  /^data\//,
  /^reports\//,
  /^node_modules\//,
  /^auth-server\.db(-wal|-shm)?$/,
];

/** A path as a page writes it: of plain characters, with a slash or the ending of a source file. */
const pathLike = /^(?:[\w.-]+\/)*[\w.-]+(?:\/|\.(?:ts|mjs|yml|yaml|conf|template|sh|css|json|md))$/;

function isThere(path: string): boolean {
  if (existsSync(path)) return !path.endsWith('/') || statSync(path).isDirectory();
  // Within a part that the page is about: `gate/maps.conf`, `session.ts`.
  const bare = path.replace(/\/$/, '');
  return files.some((file) => file.endsWith(`/${bare}`) || (path.endsWith('/') && `/${file}`.includes(`/${bare}/`)));
}

function pathsOn(page: string): string[] {
  const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
  const quoted = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...new Set(quoted)].filter((code) => pathLike.test(code) && isOurs(code));
}

/** Sources anywhere; everything else if it begins with a folder of ours. */
function isOurs(path: string): boolean {
  if (made.some((each) => each.test(path))) return false;
  return /\.ts$/.test(path) || (path.includes('/') && tops.has(path.split('/')[0] ?? ''));
}

test.each(pages)('Every file that %s names is there', (page) => {
  expect(pathsOn(page).filter((path) => !isThere(path))).toEqual([]);
});

test('The pages name so many files that a fault in reading them would show', () => {
  expect(pages.flatMap(pathsOn).length).toBeGreaterThan(60);
  expect(pathsOn('docs/architecture.md')).toEqual(
    expect.arrayContaining(['auth-server/identity/identify.ts', 'gate/answer.ts']),
  );
});
