import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keptSecretKey } from '../../../../common/identity/kept-secret-key.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'key-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('The key is generated once, kept, and readable only by its owner', () => {
  const key = keptSecretKey(folder);
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(keptSecretKey(folder)).toBe(key);
  expect(statSync(join(folder, 'secret-key')).mode & 0o077).toBe(0);
});

test('Processes that start at the same time get one key and leave no other file', async () => {
  const module = join(import.meta.dirname, '../../../../common/identity/kept-secret-key.ts');
  const script = `import { keptSecretKey } from ${JSON.stringify(module)}; console.log(keptSecretKey(${JSON.stringify(folder)}))`;
  const starts = Array.from({ length: 4 }, () =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]),
  );
  const keys = new Set((await Promise.all(starts)).map(({ stdout }) => stdout.trim()));
  expect(keys.size).toBe(1);
  expect(readdirSync(folder)).toEqual(['secret-key']);
});
