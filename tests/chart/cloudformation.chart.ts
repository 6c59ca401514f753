import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cfnLint } from './support/tools.ts';

const file = 'deploy/cloudformation/cognito.yml';

test('cfn-lint finds nothing in the template of the user pool', async () => {
  expect(await cfnLint(file)).toEqual({ code: 0, out: '', errors: '' });
});

test('cfn-lint finds a property that is misspelled', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cfn-'));
  try {
    const changed = join(folder, 'cognito.yml');
    writeFileSync(changed, readFileSync(file, 'utf8').replace('GenerateSecret:', 'GenerateSecrets:'));
    const { code, out } = await cfnLint(changed);
    expect(code).not.toBe(0);
    expect(out).toContain("'GenerateSecrets' was unexpected");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
