import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rememberTags } from '../../release/make/images.ts';
import { shellIn } from '../../release/shell.ts';
import { type Checkout, copyCheckout } from '../support/release/checkout.ts';
import { bomFaults } from '../support/release/cyclonedx.ts';

const source = 'https://example.com/gateway';
const names = ['mcp-gateway-registry', 'mcp-gateway-nginx'] as const;
const tags = names.map((name) => `${name}:1.0.0`);
const docker = shellIn('.', process.env);
const inspect = (tag: string) => JSON.parse(docker('docker', 'image', 'inspect', tag))[0].Config;
const idsOf = () => docker('docker', 'image', 'ls', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}');

let checkout: Checkout;
let out: string;
let restoreTags: () => void;
/** What was tagged before the release, and after it. */
let before: string;
let after: string;
beforeAll(async () => {
  checkout = copyCheckout();
  out = join(checkout.folder, 'dist-release');
  restoreTags = rememberTags(docker, tags);
  before = idsOf();
  const words = ['--dry-run', '--source', source];
  const { code, stdout, stderr } = await checkout.release(words, { PATH: process.env.PATH });
  after = idsOf();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  process.stderr.write(stdout);
  for (const file of readdirSync(out).filter((each) => each.endsWith('.tar.gz')))
    docker('docker', 'load', '--input', join(out, file));
});
afterAll(() => {
  restoreTags?.();
  checkout?.remove();
});

const tagged = (list: string) =>
  list
    .split('\n')
    .filter((line) => !line.startsWith('<none>'))
    .sort();

test('A dry run leaves every image of Docker its tags', () => {
  expect(tagged(after)).toEqual(tagged(before));
});

test('The checksums fit every file', () => {
  const checked = execFileSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: out, encoding: 'utf8' });
  expect(
    checked
      .trim()
      .split('\n')
      .filter((line) => !line.endsWith(': OK')),
  ).toEqual([]);
});

test.each(tags)('%s says version, revision and source, runs without root, and has a health check', (tag) => {
  const { Labels, User, Healthcheck } = inspect(tag);
  const label = (name: string) => Labels[`org.opencontainers.image.${name}`];
  expect(Object.fromEntries(['version', 'revision', 'source', 'licenses'].map((name) => [name, label(name)]))).toEqual({
    version: '1.0.0',
    revision: checkout.git('rev-parse', 'HEAD').trim(),
    source,
    licenses: 'Apache-2.0',
  });
  expect(User).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  expect(Healthcheck.Test[0]).toBe('CMD');
  expect(docker('docker', 'run', '--rm', '--network', 'none', '--entrypoint', 'id', tag, '-u').trim()).not.toBe('0');
});

test.each(names)(
  'The bill of materials of %s is valid CycloneDX, and names each Debian package of the image',
  (name) => {
    const bom = JSON.parse(readFileSync(join(out, `${name}-image-1.0.0.cdx.json`), 'utf8'));
    expect(bomFaults(bom)).toEqual([]);
    const inside = ['run', '--rm', '--network', 'none', '--entrypoint', 'dpkg-query', `${name}:1.0.0`];
    const list = docker('docker', ...inside, '-W')
      .trim()
      .split('\n');
    const installed = list.map((line) => line.replace(/(:\w+)?\t/, ' '));
    const named = (bom.components as { purl?: string; name: string; version: string }[])
      .filter(({ purl }) => purl?.startsWith('pkg:deb/'))
      .map((each) => `${each.name} ${each.version}`);
    expect(installed.length).toBeGreaterThan(50);
    expect(named.sort()).toEqual(installed.sort());
  },
);

test('The bill of materials of the gateway names the npm packages that are in the image, with their digests', () => {
  const bom = JSON.parse(readFileSync(join(out, 'mcp-gateway-registry-image-1.0.0.cdx.json'), 'utf8'));
  const file = '/app/node_modules/.package-lock.json';
  const lock = docker(
    'docker',
    'run',
    '--rm',
    '--network',
    'none',
    '--entrypoint',
    'cat',
    'mcp-gateway-registry:1.0.0',
    file,
  );
  const installed = Object.entries(JSON.parse(lock).packages as Record<string, { version: string }>).map(
    ([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`,
  );
  const named = new Map(bom.components.map((each: { 'bom-ref': string }) => [each['bom-ref'], each]));
  expect(installed.length).toBeGreaterThan(150);
  expect(installed.filter((each) => !named.has(each))).toEqual([]);
  const express = installed.find((each) => each.startsWith('express@'));
  expect(named.get(String(express))).toMatchObject({
    hashes: [{ alg: 'SHA-512' }],
    licenses: [{ license: { id: 'MIT' } }],
  });
});

test('A service of the loaded image becomes healthy on a read-only file system, without any capability', async () => {
  const strict = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--tmpfs', '/tmp'];
  const settings = ['-e', 'HEALTH_PORT=8000', '-e', 'CURRENTTIME_HOST=0.0.0.0'];
  const service = ['mcp-gateway-registry:1.0.0', 'servers/currenttime/main.ts'];
  const id = docker('docker', 'run', '-d', '--init', ...strict, ...settings, ...service).trim();
  try {
    const health = () => docker('docker', 'inspect', '--format', '{{.State.Health.Status}}', id).trim();
    for (const end = Date.now() + 180_000; Date.now() < end && health() !== 'healthy'; await sleep(1_000));
    expect(health()).toBe('healthy');
  } finally {
    docker('docker', 'rm', '-f', id);
  }
});
