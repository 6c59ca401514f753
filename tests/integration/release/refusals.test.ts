import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { releaseOf } from '../../../release/release.ts';
import { runCommand } from '../../support/operations/run-command.ts';
import { type Checkout, copyCheckout } from '../../support/release/checkout.ts';

let checkout: Checkout;
beforeAll(() => {
  checkout = copyCheckout();
});
afterEach(() => checkout.restore());
afterAll(() => checkout.remove());

/** Commits a change, makes a dry run, and returns what it says. */
async function refusal(file: string, from: string, to: string): Promise<string> {
  checkout.change(file, from, to);
  checkout.git('commit', '--quiet', '--all', '--message', 'A change');
  const { code, stderr } = await checkout.release(['--dry-run']);
  expect(code).toBe(1);
  expect(existsSync(join(checkout.folder, 'dist-release'))).toBe(false);
  return stderr;
}

const version = '1.0.0';

test.each([
  ['package-lock.json', `"version": "${version}",\n  "lock`, '"version": "1.0.1",\n  "lock'],
  ['CHANGELOG.md', `## ${version} (`, '## 1.0.1 ('],
  ['Dockerfile', `VERSION=${version}`, 'VERSION=1.0.1'],
  ['nginx/Dockerfile', `VERSION=${version}`, 'VERSION=1.0.1'],
  ['nginx/version', version, '1.0.1'],
  ['deploy/helm/Chart.yaml', `\nversion: ${version}`, '\nversion: 1.0.1'],
  ['deploy/helm/Chart.yaml', `appVersion: ${version}`, 'appVersion: 1.0.1'],
  ['deploy/kubernetes/production/kustomization.yaml', `nginx, newTag: ${version}`, 'nginx, newTag: 1.0.1'],
  ['docs/kubernetes.md', `mcp-gateway-nginx:${version}`, 'mcp-gateway-nginx:1.0.1'],
  ['README.md', `mcp-gateway-registry-${version}.tgz`, 'mcp-gateway-registry-1.0.1.tgz'],
])('A release stops when %s has another version than package.json', async (file, from, to) => {
  expect(await refusal(file, from, to)).toContain(
    `${file} has 1.0.1, package.json has ${version}: give both the same.`,
  );
});

test('A release stops when a file no longer says a version', async () => {
  const said = await refusal('deploy/helm/Chart.yaml', `appVersion: ${version}`, 'kind: none');
  expect(said).toContain(`deploy/helm/Chart.yaml has no version, package.json has ${version}`);
});

test.each([
  ['no section of the version', '## 1.0.0 (2026-11-30)', '## 0.9.0 (2026-11-30)', 'has no section 1.0.0: write'],
  ['no date', '## 1.0.0 (2026-11-30)', '## 1.0.0', 'has no date: write "## 1.0.0 (YYYY-MM-DD)"'],
  ['a word for a date', '## 1.0.0 (2026-11-30)', '## 1.0.0 (unreleased)', 'has no date'],
  ['a day that is not there', '## 1.0.0 (2026-11-30)', '## 1.0.0 (2026-13-30)', 'has no date'],
  ['nothing under the heading', '## 1.0.0 (2026-11-30)', '## 1.0.0 (2026-11-30)\n\n## 0.9.0', 'is empty: say what'],
])('A release stops when the changelog has %s', async (_what, from, to, sentence) => {
  expect(await refusal('CHANGELOG.md', from, to)).toContain(sentence);
});

test('A release stops at files that no commit holds, and names them', async () => {
  writeFileSync(join(checkout.folder, 'notes.txt'), 'x');
  checkout.change('scopes.yml', 'groups', 'GROUPS');
  const { code, stderr } = await checkout.release(['--dry-run']);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      'No release is made.\nscopes.yml, notes.txt differ from the last commit: commit, or run git stash --include-untracked.\n',
  });
});

test('A release stops when its tag is on another commit', async () => {
  checkout.git('tag', 'v1.0.0');
  checkout.git('commit', '--quiet', '--allow-empty', '--message', 'Later');
  const { code, stderr } = await checkout.release(['--dry-run']);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining('The tag v1.0.0 is on another commit ('),
  });
});

test('A release that is not dry stops when its tag is there, because the tag has the checksums of other files', async () => {
  checkout.git('tag', 'v1.0.0');
  const { code, stderr } = await checkout.release(['--source', 'https://example.com/gateway']);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('The tag v1.0.0 is there already.') });
});

test('A release stops when no Docker engine answers, and says every other fault too', async () => {
  checkout.change('nginx/version', version, '1.0.1');
  const { code, stderr } = await checkout.release(['--dry-run'], { DOCKER_CALLS: '/nowhere/calls' });
  expect(code).toBe(1);
  expect(stderr.split('\n')).toEqual([
    'No release is made.',
    'nginx/version differ from the last commit: commit, or run git stash --include-untracked.',
    'nginx/version has 1.0.1, package.json has 1.0.0: give both the same.',
    'No Docker engine answers: start Docker, or set DOCKER_HOST.',
    '',
  ]);
});

test('A release that is not dry needs the address of its source', async () => {
  const { code, stderr } = await checkout.release([]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('origin has none: give --source URL.') });
});

test('A release outside a git checkout stops', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'no-checkout-'));
  try {
    const { code, stderr } = await runCommand(releaseOf(folder), ['--dry-run'], { env: process.env });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/run this in a clone\. git show -s failed: fatal: not a git repository/),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ['a word for --source', ['--source', 'here'], {}, '--source here: give a web address, such as https://'],
  ['--source without a value', ['--source', '--dry-run'], {}, '--source needs a value.'],
  ['an unknown option', ['--dryrun'], {}, "unknown option '--dryrun'"],
  ['a word too many', ['1.0.0'], {}, 'too many arguments'],
  ['--dry-run given to npm', [], { npm_config_dry_run: 'true' }, 'Run: npm run release -- --dry-run'],
])('A release refuses %s', async (_what, words, env, sentence) => {
  const { code, stderr } = await checkout.release(words, env);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(sentence) });
});

test('A build that fails leaves no half release, and says what Docker said', async () => {
  const { code, stderr } = await checkout.release(['--dry-run'], { DOCKER_BREAKS: 'build' });
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'docker build --tag failed: no space left on device\n' });
  expect(existsSync(join(checkout.folder, 'dist-release'))).toBe(false);
});
