import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const config = join(root, '.dependency-cruiser.mjs');

interface Rule {
  name: string;
  from: { path?: string };
  to: { path?: string[] };
}

interface Violation {
  from: string;
  to: string;
  rule: { name: string };
}

let rules: Rule[];
let folder: string;

beforeAll(async () => {
  rules = ((await import(config)) as { default: { forbidden: Rule[] } }).default.forbidden;
  folder = mkdtempSync(join(tmpdir(), 'plan-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** `^a/[^/]+\.ts$` → `a/name.ts`, `^a/b/` → `a/b/name.ts`. */
function fileIn(pattern: string, name: string): string {
  const place = pattern.replace(/^\^/, '').replace(/\[\^\/\]\+\\\.ts\$$/, '');
  return join(place, `${name}.ts`);
}

function write(path: string, text: string): string {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  return path;
}

/** Writes a file that imports only a type from another part or folder. */
function importType(from: string, to: string): void {
  write(to, 'export type Thing = string;\n');
  const depth = '../'.repeat(from.split('/').length - 1);
  write(from, `import type { Thing } from '${depth}${to}';\nexport const thing: Thing = '';\n`);
}

function cruise(): Violation[] {
  const program = join(root, 'node_modules/.bin/depcruise');
  const text = execFileSync(program, ['--config', config, '--output-type', 'json', '.'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  return (JSON.parse(text) as { summary: { violations: Violation[] } }).summary.violations;
}

test('Each import rule rejects the import that it forbids', () => {
  const expected: [rule: string, from: string, to: string][] = [];
  rules.forEach(({ name, from, to }, i) => {
    for (const [k, target] of (from.path && Array.isArray(to.path) ? to.path : []).entries()) {
      const pair = [fileIn(from.path ?? '', `from-${i}-${k}`), fileIn(target, `to-${i}-${k}`)] as const;
      importType(...pair);
      expected.push([name, ...pair]);
    }
  });
  expect(expected.length).toBeGreaterThan(100);

  write('relay/round.ts', "import type { B } from './there.ts';\nexport type A = B | 1;\n");
  write('relay/there.ts', "import type { A } from './round.ts';\nexport type B = A | 2;\n");
  expected.push(['no circles', 'relay/round.ts', 'relay/there.ts']);
  write('policy/reads.ts', "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n");
  expected.push(['policy is pure: no input or output, no package but its YAML reader', 'policy/reads.ts', 'fs']);
  write('tests/support/helper.ts', 'export const helper = 1;\n');
  write('relay/tested.ts', "export { helper } from '../tests/support/helper.ts';\n");
  expected.push(['the product takes nothing from the tests', 'relay/tested.ts', 'tests/support/helper.ts']);
  write('relay/lost.ts', "export { nothing } from './no-such-file.ts';\n");
  expected.push(['every import is found', 'relay/lost.ts', './no-such-file.ts']);

  const found = cruise().map(({ rule, from, to }) => `${rule.name} | ${from} | ${to}`);
  expect(expected.map((each) => each.join(' | ')).filter((each) => !found.includes(each))).toEqual([]);
  const named = new Set(expected.map(([name]) => name));
  expect(rules.filter(({ name }) => !named.has(name))).toEqual([]);
});
