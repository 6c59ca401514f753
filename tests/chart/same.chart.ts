import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { all, base, production } from '../integration/deploy/manifests.ts';
import {
  chart,
  containersOf,
  find,
  kubeconform,
  type Resource,
  releases,
  resourcesOf,
  template,
} from './support/tools.ts';

const literals = production.configMapGenerator.flatMap((each) => each.literals).map((each) => each.split(/=(.*)/s));
const settings = literals.filter(([, value]) => value !== '');
const images = Object.fromEntries(production.images.map(({ name, newName, newTag }) => [name, [newName, newTag]]));
const values = [
  ...settings.map(([name, value]) => `settings.${name}=${value}`),
  ...[['gateway', 'mcp-gateway-registry'] as const, ['nginx', 'mcp-gateway-nginx'] as const].flatMap(
    ([name, image]) => [`images.${name}.repository=${images[image]?.[0]}`, `images.${name}.tag=${images[image]?.[1]}`],
  ),
];
/** Without what Helm and kustomize each add in their own way. */
function plain(resource: Resource): Resource {
  const text = JSON.stringify(resource, (key, value) => (key === 'imagePullPolicy' ? undefined : value));
  const copy = JSON.parse(text);
  delete copy.metadata.labels;
  if (copy.kind === 'Deployment') delete copy.spec.template.metadata.annotations;
  return copy;
}
const withImages = (resource: Resource): Resource =>
  JSON.parse(
    JSON.stringify(resource, (key, value) => (key === 'image' && images[value] ? images[value].join(':') : value)),
  );

let resources: Resource[] = [];
beforeAll(async () => {
  const { code, out, errors } = await template([], values);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  resources = resourcesOf(out);
});

const shared = base.resources.flatMap((file) => resourcesOf(readFileSync(`${chart}/manifests/base/${file}`, 'utf8')));

test.each(shared.map((each) => [each.kind, each.metadata.name, each] as const))(
  'The chart installs the same %s %s as kustomize',
  (kind, name, manifest) => {
    const expected = plain(withImages(manifest));
    // The same addresses, as one list.
    expect(plain(find(resources, kind, name))).toEqual(expected);
  },
);

test('The chart adds nothing to the manifests but the settings and the servers', () => {
  const names = (list: readonly Resource[]) => list.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
  expect(names(resources)).toEqual([...names(shared), 'ConfigMap servers', 'ConfigMap settings'].sort());
  expect(find(resources, 'ConfigMap', 'settings').data).toEqual(
    Object.fromEntries(settings.map(([name, value]) => [name, value])),
  );
  expect(parse(find(resources, 'ConfigMap', 'servers').data['servers.yml'])).toEqual(
    parse(readFileSync(`${chart}/manifests/base/servers.yml`, 'utf8')),
  );
});

test('With TOOL_CHANGES=refuse, the auth-server gets what the component of kustomize adds', async () => {
  const { out } = await template([], [...values, 'settings.TOOL_CHANGES=refuse']);
  const own = find(resourcesOf(out), 'Deployment', 'auth-server');
  const [patch] = resourcesOf(readFileSync(`${chart}/manifests/tool-changes/auth-server.yaml`, 'utf8'));
  const { initContainers, containers, volumes, securityContext } = withImages(patch ?? {}).spec.template.spec;
  const pod = plain(own).spec.template.spec;
  expect(pod.initContainers).toEqual(initContainers);
  expect(pod.volumes).toEqual(expect.arrayContaining(volumes));
  expect(pod.securityContext).toMatchObject(securityContext);
  expect(containersOf(own)['auth-server']?.env).toEqual(expect.arrayContaining(containers[0].env));
  expect(containersOf(own)['auth-server']?.volumeMounts).toEqual(expect.arrayContaining(containers[0].volumeMounts));
});

test.each(releases)('Kubernetes %s knows every field of the manifests', async (release) => {
  const { out } = await kubeconform(release, all.map((each) => JSON.stringify(each)).join('\n---\n'));
  expect(out).toMatch(/Invalid: 0, Errors: 0, Skipped: 0\n$/);
});

test('A field that Kubernetes does not know is found', async () => {
  const { code, out } = await kubeconform(
    releases[0],
    JSON.stringify(all[0]).replace('"spec":{', '"spec":{"replica":1,'),
  );
  expect(code).toBe(1);
  expect(out).toContain("additional properties 'replica' not allowed");
});

test('A change of a setting restarts the pods', async () => {
  const sums = await Promise.all(
    ['info', 'warn'].map(async (level) => {
      const { out } = await template([], [...values, `settings.LOG_LEVEL=${level}`]);
      return find(resourcesOf(out), 'Deployment', 'gate').spec.template.metadata.annotations['checksum/settings'];
    }),
  );
  expect(sums[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(sums[1]).not.toBe(sums[0]);
});
