import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Secrets and ConfigMaps that exist, by name, with their keys. */
export interface Existing {
  secrets: Record<string, readonly string[]>;
  configmaps: Record<string, readonly string[]>;
}

const kinds: Record<string, Record<string, string>> = {
  'api/v1': { configmaps: 'ConfigMap', secrets: 'Secret', services: 'Service', namespaces: 'Namespace' },
  'apis/apps/v1': { deployments: 'Deployment' },
  'apis/policy/v1': { poddisruptionbudgets: 'PodDisruptionBudget' },
  'apis/networking.k8s.io/v1': { networkpolicies: 'NetworkPolicy', ingresses: 'Ingress' },
};
const groups = Object.keys(kinds)
  .filter((path) => path.startsWith('apis/'))
  .map((path) => {
    const [, name = '', version = ''] = path.split('/');
    const served = { groupVersion: `${name}/${version}`, version };
    return { name, versions: [served], preferredVersion: served };
  });

/** What the API answers at a path, or nothing. */
function answerAt(path: string, existing: Existing): object | undefined {
  if (path === 'version') return { major: '1', minor: '37', gitVersion: 'v1.37.2' };
  if (path === 'api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === 'apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups };
  if (kinds[path]) return resourcesOf(path, kinds[path]);
  const [, type, name] = /^api\/v1\/namespaces\/[^/]+\/(secrets|configmaps)(?:\/(.+))?$/.exec(path) ?? [];
  if (!type) return undefined;
  const kind = type === 'secrets' ? 'Secret' : 'ConfigMap';
  if (!name) return { kind: `${kind}List`, apiVersion: 'v1', metadata: {}, items: [] };
  const keys = existing[type as keyof Existing][name];
  const data = Object.fromEntries((keys ?? []).map((key) => [key, '']));
  return keys && { kind, apiVersion: 'v1', metadata: { name }, data };
}

function resourcesOf(path: string, named: Record<string, string>): object {
  const verbs = ['create', 'get', 'list', 'patch', 'update', 'delete'];
  const resources = Object.entries(named).map(([name, kind]) => {
    const namespaced = kind !== 'Namespace';
    return { name, kind, singularName: kind.toLowerCase(), namespaced, verbs };
  });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: path.replace(/^apis?\//, ''), resources };
}

const notFound = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason: 'NotFound',
  code: 404,
  message: 'not found',
};

/** The part of a Kubernetes API that Helm asks before it installs, with what exists in each namespace. */
export async function startCluster(existing: Existing): Promise<{ url: string; written: string[]; stop(): void }> {
  const written: string[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '', 'http://cluster').pathname.slice(1);
    if (request.method !== 'GET') written.push(`${request.method} ${path}`);
    const answer = answerAt(path, existing);
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? notFound));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, written, stop: () => server.close() };
}
