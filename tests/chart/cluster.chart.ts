import { type Existing, startCluster } from './support/cluster.ts';
import { chart, helm, valuesFrom } from './support/tools.ts';

const complete: Existing = {
  secrets: { gateway: ['SECRET_KEY', 'DATABASE_URL'], 'gateway-tls': ['tls.crt', 'tls.key'], files: ['upstreams.yml'] },
  configmaps: { scopes: ['scopes.yml'] },
};

/** What Helm says before it would install into a cluster in which these exist. */
async function install(existing: Existing, more: readonly string[] = []) {
  const cluster = await startCluster(existing);
  try {
    const values = valuesFrom([`${chart}/examples/small.yaml`], more);
    const result = await helm(
      ...['install', 'gateway', chart, '--namespace', 'mcp-gateway', '--kube-apiserver', cluster.url],
      ...['--dry-run=server', '--disable-openapi-validation', ...values],
    );
    expect(cluster.written).toEqual([]);
    return result;
  } finally {
    cluster.stop();
  }
}
const without = (type: keyof Existing, name: string, keys?: readonly string[]): Existing => {
  const { [name]: _, ...others } = complete[type];
  return { ...complete, [type]: keys ? { ...others, [name]: keys } : others };
};

test('helm install goes on if the Secrets and the policy exist, and shows the next steps', async () => {
  const { code, out, errors } = await install(complete);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(out).toContain('The gateway starts, at https://gateway.example.com');
});

test.each([
  [
    'the Secret',
    without('secrets', 'gateway'),
    [],
    'The Secret "gateway" is missing. Create it: kubectl -n mcp-gateway create secret generic gateway --from-literal=SECRET_KEY=',
  ],
  [
    'its database',
    without('secrets', 'gateway', ['SECRET_KEY']),
    [],
    'The Secret "gateway" has no DATABASE_URL. Add it:',
  ],
  [
    'the certificate',
    without('secrets', 'gateway-tls'),
    [],
    'kubectl -n mcp-gateway create secret tls gateway-tls --cert=',
  ],
  [
    'the policy',
    without('configmaps', 'scopes'),
    [],
    'Create it: kubectl -n mcp-gateway create configmap scopes --from-file=scopes.yml',
  ],
  [
    'the policy in its ConfigMap',
    without('configmaps', 'scopes', ['policy.yml']),
    [],
    'is missing, or has no scopes.yml',
  ],
  ['the files', without('secrets', 'files'), ['existing.files=files'], 'The Secret "files" is missing. Create it:'],
  [
    'a file of a setting',
    complete,
    ['existing.files=files', 'settings.UPSTREAM_CA_FILE=/files/ca.pem'],
    'The Secret "files" has no ca.pem',
  ],
  ['a Secret of another name', complete, ['existing.secret=other'], 'The Secret "other" is missing'],
])('helm install stops without %s, and says how to create it', async (_what, existing, more, sentence) => {
  const { code, out, errors } = await install(existing, more);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(errors).toContain(sentence);
});

test.each([
  ['the certificate, with TLS at a proxy', without('secrets', 'gateway-tls'), 'settings.TLS=off'],
  ['anything, if another tool creates it at the same time', { secrets: {}, configmaps: {} }, 'existing.check=false'],
])('helm install goes on without %s', async (_what, existing, value) => {
  const { code, errors } = await install(existing, [value]);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
});
