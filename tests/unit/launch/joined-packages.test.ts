import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isJoined, joined } from '../../../launch/joined-packages.ts';

const known = new Set(Object.values(joined).flat());
const specifier = new RegExp(
  `(?:from ?|import\\(|require\\()['"]((?:${Object.keys(joined).join('|')})(?:/[^'"]*)?)['"]`,
  'g',
);
const sources = (folder: string, kind: RegExp) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(
      (each) => each.isFile() && kind.test(each.name) && !each.parentPath.slice(folder.length).includes('node_modules'),
    )
    .map((each) => readFileSync(join(each.parentPath, each.name), 'utf8'));
const importedBy = (folders: readonly string[], kind: RegExp) =>
  new Set(
    folders
      .flatMap((folder) => sources(folder, kind))
      .flatMap((text) => [...text.matchAll(specifier)].map(([, name = '']) => name)),
  );

test('All that the gateway imports of a joined package is joined', () => {
  const folders = [
    'agents',
    'auth-server',
    'common',
    'container',
    'launch',
    'operations',
    'policy',
    'registry',
    'relay',
    'servers',
  ];
  const imported = importedBy(folders, /\.ts$/);
  expect(imported.size).toBeGreaterThan(4);
  expect([...imported].filter((each) => !known.has(each))).toEqual([]);
});

test('All that packages of the gateway import of a joined package is joined', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { dev?: true; dependencies?: object; peerDependencies?: object }>;
  };
  const users = Object.entries(packages).filter(
    ([path, { dev, dependencies, peerDependencies }]) =>
      path && !dev && Object.keys({ ...dependencies, ...peerDependencies }).some((name) => name in joined),
  );
  const imported = importedBy(
    users.map(([path]) => path),
    /\.[cm]?js$/,
  );
  expect(imported.size).toBeGreaterThan(2);
  // The third version of zod has classes of its own, and its languages have none.
  expect([...imported].filter((each) => !known.has(each) && !/^zod\/(v3$|v4\/locales\/)/.test(each))).toEqual([]);
});

test.each(Object.keys(joined))('The files of %s are joined here', (name) => {
  expect(isJoined(fileURLToPath(import.meta.resolve(name)))).toBe(true);
});
