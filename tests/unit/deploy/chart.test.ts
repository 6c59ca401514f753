import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { chartSettings } from '../../../operations/config/chart.ts';

type Values = Record<string, unknown>;
const chart = 'deploy/helm';
const read = (file: string) => readFileSync(join(chart, file), 'utf8');
// Helm reads YAML 1.1, where on and off are booleans.
const valuesOf = (text: string) => parse(text, { version: '1.1' }) as Values;
const schema = JSON.parse(read('values.schema.json'));
const validate = new Ajv({ allErrors: true, strictTypes: false }).compile(schema);
const examples = readdirSync(join(chart, 'examples'));
const templates = readdirSync(join(chart, 'templates')).map((file) => [file, read(`templates/${file}`)] as const);
const faultsOf = (values: unknown) => {
  validate(values);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
};

/** The paths to all values that are no maps of their own, such as gate.autoscaling.min. */
function pathsOf(values: unknown, path = ''): string[] {
  const isMap = typeof values === 'object' && values !== null && !Array.isArray(values);
  if (!isMap || Object.keys(values).length === 0) return [path];
  return Object.entries(values).flatMap(([name, value]) => pathsOf(value, path ? `${path}.${name}` : name));
}

test.each(['values.yaml', ...examples.map((file) => `examples/${file}`)])('%s fits the schema', (file) => {
  expect(faultsOf(valuesOf(read(file)))).toEqual([]);
});

test.each([
  ['a name that is misspelled', 'gate: { replica: 3 }', '/gate must NOT have additional properties'],
  ['an unknown part', 'autoscaling: { enabled: true }', ' must NOT have additional properties'],
  ['a number as text', 'gate: { replicas: "3" }', '/gate/replicas must be integer'],
  ['no gate at all', 'gate: { replicas: 0 }', '/gate/replicas must be >= 1'],
  ['a network that is no network', 'network: { database: { cidrs: [db.example.com] } }', 'must match pattern'],
  ['a port out of range', 'network: { collector: { port: 70000 } }', '/network/collector/port must be <= 65535'],
  ['a container that is not there', 'resources: { ngnix: {} }', '/resources must NOT have additional properties'],
  ['a fraction as a setting', 'settings: { SESSION_HOURS: 8.5 }', '/settings/SESSION_HOURS must be'],
  ['a list as a setting', 'settings: { ALLOWED_ORIGINS: [a] }', '/settings/ALLOWED_ORIGINS must be'],
  ['a setting in small letters', 'settings: { log_level: info }', '/settings property name must be valid'],
  ['an image with its tag', 'images: { nginx: { repository: "example.com/nginx:1" } }', 'must match pattern'],
  ['a route to a gateway without a name', 'httpRoute: { parentRefs: [{ namespace: a }] }', "required property 'name'"],
  ['no name for the secret', 'existing: { secret: "" }', '/existing/secret must NOT have fewer than 1 characters'],
])('The schema refuses %s', (_what, text, fault) => {
  expect(faultsOf(valuesOf(text)).join('\n')).toContain(fault);
});

test('Every value that a template reads has a default in values.yaml', () => {
  const known = pathsOf(valuesOf(read('values.yaml')));
  const used = templates.flatMap(([file, text]) =>
    [...text.matchAll(/\.Values\.([A-Za-z.]+)/g)].map(([, path = '']) => `${file}: ${path}`),
  );
  expect(used.length).toBeGreaterThan(20);
  const settings = /: settings\.[A-Z_]*$/;
  const unknown = used.filter((each) => {
    const path = each.slice(each.indexOf(' ') + 1);
    return !settings.test(each) && !known.some((one) => one === path || one.startsWith(`${path}.`));
  });
  expect(unknown).toEqual([]);
});

test('Every value of values.yaml is read by a template', () => {
  const text = templates.map(([, each]) => each).join('\n');
  for (const path of pathsOf(valuesOf(read('values.yaml')))) {
    const name = path.startsWith('settings.') ? 'settings' : (path.split('.').at(-1) ?? '');
    expect({ path, isRead: new RegExp(`[.$]${name}\\b|"${name}"`).test(text) }).toEqual({ path, isRead: true });
  }
});

test('The schema knows the containers of the manifests', () => {
  const names = ['gate', 'auth-server', 'hub', 'servers'].flatMap((file) => {
    const text = read(`manifests/base/${file}.yaml`);
    return [...text.matchAll(/^ {8}- name: (\S+)\n {10}(?:image|restartPolicy):/gm)].map(([, name]) => name);
  });
  expect(Object.keys(schema.properties.resources.properties).sort()).toEqual(names.sort());
});

test('Every kind in the manifests has a template that changes it', () => {
  const files = readdirSync(join(chart, 'manifests', 'base')).filter((file) => file !== 'kustomization.yaml');
  const kinds = files.flatMap((file) => [...read(`manifests/base/${file}`).matchAll(/^kind: (\w+)$/gm)]);
  expect(kinds.length).toBeGreaterThan(15);
  const text = templates.map(([, each]) => each).join('\n');
  for (const [, kind] of kinds) expect(text).toContain(`define "gateway.change${kind}"`);
});

test('The chart knows the settings: if not, run npm run -s docs:configuration', () => {
  expect(read('known-settings.yaml')).toBe(chartSettings());
});

test('The chart has the version of the gateway, which is the tag of its images', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(parse(read('Chart.yaml'))).toMatchObject({ version, appVersion: version });
});
