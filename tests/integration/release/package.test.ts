import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { commands } from '../../../bin/commands.ts';
import { copyFiles, isProduct } from '../../support/copy-files.ts';

interface Packed {
  path: string;
  size: number;
  mode: number;
}

let folder: string;
let packed: Packed[];

/** A copy of the checkout, with what a reader may have put into it, so that other tests never see the package's files. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  copyFiles(folder, isProduct);
  for (const file of ['.env', 'agents/.env.agent', 'data/auth-server.db', 'tests/a.test.ts', 'registry/x.db'])
    write(file, 'SECRET=1');
  // npm removes them after it has listed them.
  execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'release/package/main.ts'], { cwd: folder });
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts', '--silent'];
  const [report] = JSON.parse(execFileSync('npm', words, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 24 }));
  packed = report.files;
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

const paths = () => packed.map(({ path }) => path);
const readPacked = (path: string) => readFileSync(join(folder, path), 'utf8');

test.each([
  ...[
    'package.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'SECURITY.md',
    'docs/command-line.md',
    'deploy/cloudformation/cognito.yml',
  ],
  ...[
    'docs/operations/database.md',
    'bin/mcp-gateway.js',
    'dist/package.json',
    'dist/bin/main.js',
    'dist/.env.example',
  ],
  ...[
    'dist/scopes.yml',
    'dist/launch/setup',
    'dist/launch/up.js',
    'dist/nginx/render',
    'dist/nginx/gateway.conf.template',
  ],
  ...['dist/registry/servers.yml', 'dist/registry/pages/public/live.js', 'dist/stand-in/seed.yml'],
  ...['dist/agents/.env.agent.example', 'dist/common/policy/policy-thread.js', 'dist/attack/main.js'],
])('The package holds %s', (path) => {
  expect(paths()).toContain(path);
});

test.each<[string, RegExp]>([
  ['tests', /(^|\/)tests?\/|\.test\./],
  ['TypeScript', /\.tsx?$/],
  [
    'the tools of a checkout',
    /^(dist\/)?(bench|release|container|deploy(?!\/cloudformation\/)|\.github)\/|jest|stryker|knip|biome|tsconfig/,
  ],
  ['settings with secrets', /\.env(\.agent|\.user)?$/],
  ['databases and logs', /\.(db|log)(-\w+)?$|^data\//],
  ['packages of others', /node_modules/],
])('The package holds no %s', (_, pattern) => {
  expect(paths().filter((path) => pattern.test(path))).toEqual([]);
});

test('The package is small: what is downloaded beside it is npm packages', () => {
  expect(packed.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(10_000_000);
});

test('Every program of the package may be run', () => {
  const programs = packed.filter(({ path }) => /^(bin\/mcp-gateway\.js|dist\/nginx\/re(load|nder))$/.test(path));
  expect(programs.map(({ path, mode }) => [path, (mode & 0o111) !== 0]).sort()).toEqual([
    ['bin/mcp-gateway.js', true],
    ['dist/nginx/reload', true],
    ['dist/nginx/render', true],
  ]);
});

test('Every module that a packed module names beside itself is packed, and none is TypeScript', () => {
  const all = new Set(paths());
  const modules = paths().filter((path) => /^dist\/.*\.js$/.test(path) && !/\/public\/|^dist\/nginx\//.test(path));
  const missing = modules.flatMap((path) =>
    [...readPacked(path).matchAll(/(?:from |import\(|new URL\()\s*['"](\.[^'"]+\.\w+)['"]/g)]
      .map(([, name = '']) => join(dirname(path), name))
      .filter((target) => !all.has(target)),
  );
  expect(modules.length).toBeGreaterThan(800);
  expect(missing).toEqual([]);
});

test('Every file that a packed script reads beside itself is packed', () => {
  const all = new Set(paths());
  const scripts = paths().filter((path) => readPacked(path).startsWith('#!/bin/sh'));
  const read = scripts.flatMap((path) =>
    [...readPacked(path).matchAll(/\$here"?\/([\w./-]*\w)/g)].map(([, name = '']) => join(dirname(path), name)),
  );
  expect(read.length).toBeGreaterThan(4);
  expect(read.filter((target) => !all.has(target) && !paths().some((path) => path.startsWith(`${target}/`)))).toEqual(
    [],
  );
});

test('Messages and pages of the package name its own commands, not npm scripts', () => {
  const scripts =
    /npm run (?:-s )?(?:mcp-gateway|call|login|token|up|doctor|revoke|secret-key|scopes:\w+|audit:\w+|backup)\b/;
  expect(paths().filter((path) => path.startsWith('dist/') && scripts.test(readPacked(path)))).toEqual([]);
  const named = paths()
    .filter((path) => path.startsWith('dist/operations/'))
    .flatMap((path) => [...readPacked(path).matchAll(/mcp-gateway ((?:audit|scopes|servers|accounts):\w+)/g)])
    .map(([, name]) => name);
  expect(named.length).toBeGreaterThan(5);
  expect([...new Set(named)].filter((name) => !Object.hasOwn(commands, String(name)))).toEqual([]);
});
