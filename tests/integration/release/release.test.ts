import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rememberTags } from '../../../release/make/images.ts';
import { headOf } from '../../../release/ready/history.ts';
import { shellIn } from '../../../release/shell.ts';
import { signTag } from '../../../release/tag.ts';
import { type Checkout, copyCheckout } from '../../support/release/checkout.ts';
import { bomFaults } from '../../support/release/cyclonedx.ts';

const source = 'https://example.com/gateway';
let checkout: Checkout;
let said: string;
let out: string;
beforeAll(async () => {
  checkout = copyCheckout();
  out = join(checkout.folder, 'dist-release');
  // A release takes nothing that git ignores.
  mkdirSync(join(checkout.folder, 'registry', 'data'));
  writeFileSync(join(checkout.folder, 'registry', 'data', 'mine.yml'), 'secret: 1');
  const { code, stdout, stderr } = await checkout.release(['--dry-run', '--source', source]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  said = stdout;
}, 180_000);
afterAll(() => checkout.remove());

const calls = (beginning: string) => checkout.dockerCalls().filter((call) => call.startsWith(beginning));
const read = (file: string) => readFileSync(join(out, file), 'utf8');
const inArchive = (file: string) =>
  execFileSync('tar', ['-tzf', join(out, file)], { encoding: 'utf8' })
    .trim()
    .split('\n');
const files = [
  'SHA256SUMS',
  'cognito.yml',
  'mcp-gateway-nginx-image-1.0.0-linux-amd64.tar.gz',
  'mcp-gateway-nginx-image-1.0.0.cdx.json',
  'mcp-gateway-registry-1.0.0.cdx.json',
  'mcp-gateway-registry-1.0.0.tgz',
  'mcp-gateway-registry-chart-1.0.0.tgz',
  'mcp-gateway-registry-image-1.0.0-linux-amd64.tar.gz',
  'mcp-gateway-registry-image-1.0.0.cdx.json',
  'release-notes.md',
];

test('A dry run makes every file of the release, and sha256sum finds their checksums right', () => {
  expect(readdirSync(out).sort()).toEqual(files);
  const checked = execFileSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: out, encoding: 'utf8' });
  expect(checked.split('\n').filter(Boolean)).toEqual(files.slice(1).map((file) => `${file}: OK`));
  expect(said).toContain('Dry run: the files of v1.0.0 are in dist-release. No tag is made.');
});

test('A dry run changes nothing else: no tag, no file, and the images lose the tags that they got', () => {
  expect(checkout.git('tag')).toBe('');
  expect(checkout.git('status', '--porcelain')).toBe('');
  expect(calls('docker rmi')).toEqual(['docker rmi mcp-gateway-registry:1.0.0', 'docker rmi mcp-gateway-nginx:1.0.0']);
});

test('The images are built from the commit, and their labels get version, revision and source', () => {
  const revision = checkout.git('rev-parse', 'HEAD').trim();
  const labels = `--build-arg VERSION=1.0.0 --build-arg REVISION=${revision} --build-arg SOURCE=${source}`;
  expect(calls('docker build')).toEqual([
    `docker build --tag mcp-gateway-registry:1.0.0 ${labels} --target gateway .`,
    `docker build --tag mcp-gateway-nginx:1.0.0 ${labels} nginx`,
  ]);
});

test('The npm package has the program, and nothing that git ignores', () => {
  const packed = inArchive('mcp-gateway-registry-1.0.0.tgz');
  expect(packed).toContain('package/dist/launch/up.js');
  expect(packed.filter((file) => file.includes('mine.yml'))).toEqual([]);
});

test('The chart has the files that Helm packs, in a folder of its name', () => {
  const packed = inArchive('mcp-gateway-registry-chart-1.0.0.tgz');
  for (const file of ['Chart.yaml', 'values.yaml', 'values.schema.json', 'manifests/base/kustomization.yaml'])
    expect(packed).toContain(`mcp-gateway-registry/${file}`);
  expect(packed.filter((file) => file.includes('examples') || !file.startsWith('mcp-gateway-registry/'))).toEqual([]);
});

test('The release notes are the section of the changelog, whose links lead to the files of the tag', () => {
  const notes = read('release-notes.md');
  expect(notes).toMatch(/^- \*\*/);
  expect(notes).toContain(`](${source}/blob/v1.0.0/docs/helm.md)`);
  expect(notes).not.toContain('## 0.1.0');
});

test('Every bill of materials is valid CycloneDX', () => {
  const boms = files.filter((file) => file.endsWith('.cdx.json'));
  expect(boms.map((file) => [file, bomFaults(JSON.parse(read(file)))])).toEqual(boms.map((file) => [file, []]));
});

test('The bill of the package names every package of the lock file that is not for development only', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { version: string; dev?: true }>;
  };
  const locked = Object.entries(lock.packages).flatMap(([path, { version, dev }]) =>
    path && !dev ? [`${path.replace(/^.*node_modules\//, '')}@${version}`] : [],
  );
  const { components, metadata } = JSON.parse(read('mcp-gateway-registry-1.0.0.cdx.json'));
  const named = components.map((each: { 'bom-ref': string }) => each['bom-ref']);
  expect(named.sort()).toEqual([...new Set(locked)].sort());
  // Development tools need it too.
  expect(named).toContain(`express@${lock.packages['node_modules/express']?.version}`);
  expect(metadata).toMatchObject({
    timestamp: '2026-11-30T08:00:00.000Z',
    component: { type: 'application', name: 'mcp-gateway-registry', version: '1.0.0' },
  });
});

test('The bill of an image names its Debian packages, Node, and its npm packages', () => {
  const { components, metadata } = JSON.parse(read('mcp-gateway-registry-image-1.0.0.cdx.json'));
  expect(metadata.component).toMatchObject({ type: 'container', name: 'mcp-gateway-registry', version: '1.0.0' });
  expect(components.map((each: { purl?: string; name: string }) => each.purl ?? each.name)).toEqual([
    'debian',
    'pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12&upstream=glibc',
    'pkg:generic/node@26.10.0',
    'pkg:npm/zod@0.0.1',
  ]);
});

test('A release that is not dry makes the same files, signs the tag with their checksums, and prints how to publish it', async () => {
  const sums = read('SHA256SUMS');
  const [key, signers] = [join(checkout.folder, '..', 'key'), join(checkout.folder, '..', 'signers')];
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  writeFileSync(signers, `ada@example.com ${readFileSync(`${key}.pub`, 'utf8')}`);
  const settings = { 'gpg.format': 'ssh', 'user.signingkey': `${key}.pub`, 'gpg.ssh.allowedSignersFile': signers };
  for (const [name, value] of Object.entries(settings)) checkout.git('config', name, value);
  const { code, stdout } = await checkout.release(['--source', source]);
  expect({ code, sums: read('SHA256SUMS') }).toEqual({ code: 0, sums });
  checkout.git('verify-tag', 'v1.0.0');
  expect(checkout.git('tag', '--list', '--format=%(contents)', 'v1.0.0')).toContain(`v1.0.0\n\n${sums}`);
  for (const command of [
    'git push origin v1.0.0',
    'docker push registry.example.com/mcp-gateway-nginx:1.0.0',
    'gh release create v1.0.0',
  ])
    expect(stdout).toContain(`  ${command}`);
  expect([...calls('docker rmi'), ...calls('docker tag')]).toEqual([]);
}, 120_000);

test('A tag that git cannot sign leaves the files, and the message says what to do', () => {
  checkout.restore();
  checkout.git('config', 'user.signingkey', '/nowhere/key.pub');
  const shell = shellIn(checkout.folder, process.env);
  const sign = () => signTag(shell, { tag: 'v1.0.0', commit: headOf(shell) }, out);
  expect(sign).toThrow(/^The files are made, but git cannot sign the tag v1\.0\.0\. .* set your key with git config/);
  expect(checkout.git('tag')).toBe('');
  expect(read('SHA256SUMS')).toContain('cognito.yml');
});

test('Tags of images go back to the images that had them', () => {
  const asked: string[] = [];
  let had = 'sha256:old';
  const restore = rememberTags(
    (...words) => {
      asked.push(words.join(' '));
      return had;
    },
    ['mcp-gateway-nginx:1.0.0'],
  );
  had = 'sha256:new';
  restore();
  expect(asked.at(-1)).toBe('docker tag sha256:old mcp-gateway-nginx:1.0.0');
});
