import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'setup-'));
  for (const path of ['launch', 'node_modules/.bin', 'bin']) mkdirSync(join(folder, path), { recursive: true });
  // The files that npm ci leaves, without the packages.
  for (const file of ['launch/setup', 'package-lock.json', 'node_modules/.package-lock.json'])
    copyFileSync(file, join(folder, file));
  for (const program of ['bin/npm', 'node_modules/.bin/node']) {
    writeFileSync(join(folder, program), '#!/bin/sh\ntouch installed\n');
    chmodSync(join(folder, program), 0o755);
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Whether `launch/setup` calls npm. */
function installs(): boolean {
  const PATH = [join(folder, 'bin'), dirname(process.execPath), process.env.PATH].join(':');
  execFileSync('sh', ['launch/setup'], { cwd: folder, env: { ...process.env, PATH }, stdio: 'pipe' });
  return existsSync(join(folder, 'installed'));
}

function change(
  file: string,
  edit: (packages: Record<string, { version?: string; integrity?: string; optional?: true }>) => void,
) {
  const path = join(folder, file);
  const lock = JSON.parse(readFileSync(path, 'utf8'));
  edit(lock.packages);
  writeFileSync(path, JSON.stringify(lock));
}

test('After npm ci, npm run up installs nothing again', () => {
  expect(installs()).toBe(false);
});

test.each<[string, string, Parameters<typeof change>[1]]>([
  [
    'another version is required',
    'package-lock.json',
    (packages) => Object.assign(packages['node_modules/zod'] ?? {}, { version: '0.0.1' }),
  ],
  [
    'the same version has other content',
    'package-lock.json',
    (packages) => Object.assign(packages['node_modules/zod'] ?? {}, { integrity: 'x' }),
  ],
  ['a package is missing', 'node_modules/.package-lock.json', (packages) => delete packages['node_modules/zod']],
  [
    'a package is installed that is not required',
    'package-lock.json',
    (packages) => delete packages['node_modules/zod'],
  ],
])('npm run up installs packages when %s', (_what, file, edit) => {
  change(file, edit);
  expect(installs()).toBe(true);
});

test('npm run up installs packages when nothing is installed', () => {
  rmSync(join(folder, 'node_modules/.package-lock.json'));
  expect(installs()).toBe(true);
});
