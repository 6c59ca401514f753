import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createDocument } from '../../../../registry/api/openapi/document.ts';
import { operations } from '../../../../registry/api/openapi/operations.ts';
import type { Health } from '../../../../registry/servers/server-health.ts';
import type { AccessRequest } from '../../../../registry/store/requests.ts';
import { somePolicy } from '../../../support/policy/policy-door.ts';
import { admin, publicUrl, signer, startRegistry, storeOf } from '../../../support/registry/registry-fixture.ts';
import { someUsage } from '../../../support/registry/usage-data.ts';

const policy = parsePolicy(`
group_mappings: {}
UI-Scopes:
  mcp-registry-admin: { list_service: [all], register_service: [all], toggle_service: [all], modify_service: [all], health_check_service: [all], view_audit: [all], view_people: [all], end_access: [all], edit_policy: [all] }
mcp-registry-admin:
  - { server: "*", methods: [tools/call], tools: ["*"] }
`);
const healthy: Health = {
  status: 'healthy',
  checkedAt: new Date('2026-11-23T04:26:07Z'),
  error: null,
  tools: [
    {
      name: 'now',
      title: null,
      description: 'The time',
      inputSchema: { type: 'object' },
      outputSchema: null,
      annotations: { readOnlyHint: true },
    },
  ],
  details: {
    unstable: false,
    latencyMs: 3,
    checks: [
      {
        transport: 'streamable-http',
        status: 'healthy',
        steps: [{ step: 'reach', state: 'ok', reason: null, ms: 1.5 }],
      },
    ],
    since: new Date('2026-11-23T04:26:07Z'),
    announced: {
      name: 'time',
      title: null,
      version: '1',
      protocolVersion: '2025-11-25',
      era: 'legacy',
      instructions: null,
      capabilities: { tools: {} },
      prompts: [{ name: 'ask' }],
      resources: [],
      resourceTemplates: [],
    },
    seenAt: new Date('2026-11-23T04:26:07Z'),
  },
};
const agent = { ...admin, auth_method: 'jwt' };
const time = {
  name: 'time',
  title: 'Time',
  description: 'The time',
  upstream: 'http://127.0.0.1:8000',
  transports: { 'streamable-http': '/mcp', sse: '/sse' },
  repository: 'https://github.com/example/time',
  icons: [{ src: 'https://example.com/i.png', sizes: ['any'] }],
};
const off = { ...time, name: 'off', enabled: false };

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);

let registry: Awaited<ReturnType<typeof startRegistry>>;
let document: ReturnType<typeof createDocument>;
let asked: AccessRequest;
beforeAll(async () => {
  registry = await startRegistry(signer.keys, {
    policy: () => policy,
    store: await storeOf(JSON.stringify([time, off])),
    healthOf: (name) => (name === 'time' ? healthy : { status: 'unknown', checkedAt: null, error: null, tools: [] }),
    check: async () => healthy,
    readUsage: async (_assertion, query) => someUsage(query, new Date()),
    policyDoor: somePolicy,
  });
  const by = { sub: admin.sub, username: 'alice' };
  asked = await registry.store.requests.add({ server: 'time', tools: ['x'], reason: 'r', by, groups: [] });
  const answer = await ask('get', '/api/openapi.json');
  document = answer.body as typeof document;
  ajv.addSchema({ ...document, $id: 'api' });
});
afterAll(() => registry.close());

async function ask(method: string, path: string, body?: unknown, type = 'application/json') {
  const answer = await fetch(registry.url + path, {
    method: method.toUpperCase(),
    redirect: 'manual',
    headers: { 'X-Mcp-Assertion': await signer.sign(agent), ...(method !== 'get' && { 'Content-Type': type }) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text.startsWith('{') ? JSON.parse(text) : undefined) as unknown };
}

/** An entry of express's router: a route, or middleware with its mount path. */
interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
  rawPath: string | string[];
}

const mountsOf = ({ rawPath }: Layer) => [rawPath].flat().map((path) => (path === '/' ? '' : path));
const routesOf = (stack: readonly Layer[], prefix = ''): string[] =>
  stack.flatMap((layer) => {
    const { route, handle } = layer;
    if (route) return Object.keys(route.methods).map((method) => `${method} ${prefix}${String(route.path)}`);
    return handle.stack ? mountsOf(layer).flatMap((mount) => routesOf(handle.stack ?? [], prefix + mount)) : [];
  });
/** Pages, files and the health check are not part of the API, nor what only the hub can ask. */
const isApi = (route: string) =>
  /^(?!get \/(?:register$|api\/hub\/))\w+ \/(api|v0|register$|toggle\/|edit\/)/.test(route);
const written = (path: string) => path.replace(/[:*](\w+)/g, '{$1}');

test('Every route of the API is in the document, and every route of the document is there', () => {
  const stack = (registry.app as unknown as { router: { stack: Layer[] } }).router.stack;
  const there = new Set(routesOf(stack).map(written).filter(isApi));
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(documented.sort()).toEqual([...there].sort());
  expect(there.size).toBeGreaterThan(30);
});

const form = 'application/x-www-form-urlencoded';
const named = 'io.github.example%2Fnew';
const fresh = { ...time, name: 'fresh', alias: 'io.github.example/new' };
const revision = () => registry.store.get('fresh')?.revision;
const entry = { server_name: 'x', path: '/imported', proxy_pass_url: 'http://127.0.0.1:1/' };
/** At least one request for each route, in a meaningful order: valid ones, and some that are rejected. */
const requests: [string, string, () => [string, unknown?, string?]][] = [
  ['get', '/api/servers', () => ['/api/servers']],
  ['get', '/api/servers', () => ['/api/servers?q=time']],
  ['get', '/api/servers/{name}', () => ['/api/servers/time']],
  ['get', '/api/servers/{name}', () => ['/api/servers/nowhere']],
  ['post', '/api/servers', () => ['/api/servers', fresh]],
  ['post', '/api/servers', () => ['/api/servers', fresh]],
  ['post', '/api/servers', () => ['/api/servers', { name: 'Bad' }]],
  ['post', '/api/servers', () => ['/api/servers', 'a=b', form]],
  ['put', '/api/servers/{name}', () => ['/api/servers/fresh', { ...replacing(), revision: revision() }]],
  ['patch', '/api/servers/{name}', () => ['/api/servers/fresh', { title: 'Newer', revision: revision() }]],
  ['patch', '/api/servers/{name}', () => ['/api/servers/fresh', { title: 'Newer', revision: 1 }]],
  ['post', '/api/servers/{name}/disable', () => ['/api/servers/fresh/disable']],
  ['post', '/api/servers/{name}/owner', () => ['/api/servers/fresh/owner', { owner: null, revision: revision() }]],
  ['post', '/api/servers/{name}/enable', () => ['/api/servers/fresh/enable', { revision: revision() }]],
  ['post', '/api/servers/{name}/check', () => ['/api/servers/time/check']],
  ['post', '/api/servers/{name}/check', () => ['/api/servers/off/check']],
  ['get', '/api/servers/{name}/health', () => ['/api/servers/time/health']],
  ['get', '/api/servers/{name}/tools/changes', () => ['/api/servers/time/tools/changes']],
  ['get', '/api/servers/{name}/tools/read-only', () => ['/api/servers/time/tools/read-only']],
  ['post', '/api/servers/{name}/tools/approve', () => ['/api/servers/time/tools/approve', { tools: [] }]],
  ['get', '/api/tools/search', () => ['/api/tools/search?q=time']],
  ['get', '/api/tools/search', () => ['/api/tools/search?q=weather']],
  ['get', '/api/tools/search', () => ['/api/tools/search']],
  ['post', '/api/import', () => ['/api/import', [entry, {}]]],
  ['post', '/api/import', () => ['/api/import?dry_run=true', entry]],
  ['get', '/api/changes', () => ['/api/changes?limit=3']],
  ['get', '/api/changes', () => ['/api/changes?limit=many']],
  ['get', '/api/decisions', () => ['/api/decisions?verdict=deny']],
  ['get', '/api/decisions', () => ['/api/decisions?verdict=maybe']],
  ['get', '/api/usage', () => ['/api/usage?span=7d']],
  ['get', '/api/usage', () => ['/api/usage?span=1y']],
  ['get', '/api/servers/{name}/usage', () => ['/api/servers/time/usage']],
  ['get', '/api/decisions/export', () => ['/api/decisions/export?format=xml']],
  ['get', '/api/people', () => ['/api/people?q=a&page=1']],
  ['get', '/api/people', () => ['/api/people?page=0']],
  ['get', '/api/people/{id}', () => ['/api/people/Y29nbml0byBh']],
  ['get', '/api/people/{id}/accounts', () => ['/api/people/Y29nbml0byBh/accounts']],
  ['get', '/api/accounts', () => ['/api/accounts']],
  ['post', '/api/accounts/disconnect', () => ['/api/accounts/disconnect', { server: 'x', account: 'y' }]],
  ['post', '/api/accounts/disconnect', () => ['/api/accounts/disconnect', {}]],
  ['get', '/api/people/clients', () => ['/api/people/clients']],
  ['get', '/api/people/others', () => ['/api/people/others?q=a']],
  ['get', '/api/people/ended', () => ['/api/people/ended']],
  ['post', '/api/people/end', () => ['/api/people/end', { client: 'digest' }]],
  ['post', '/api/people/end', () => ['/api/people/end', {}]],
  ['get', '/api/requests', () => ['/api/requests']],
  ['get', '/api/requests/{id}', () => [`/api/requests/${asked.id}`]],
  ['get', '/api/requests/{id}', () => ['/api/requests/none']],
  ['post', '/api/requests/{id}', () => [`/api/requests/${asked.id}`, { state: 'lost' }]],
  ['post', '/api/requests/{id}', () => [`/api/requests/${asked.id}`, { state: 'withdrawn' }]],
  ['post', '/api/requests/{id}', () => [`/api/requests/${asked.id}`, { state: 'withdrawn' }]],
  ['get', '/api/policy', () => ['/api/policy']],
  ['get', '/api/policy/versions', () => ['/api/policy/versions?before=9']],
  ['get', '/api/policy/versions', () => ['/api/policy/versions?before=x']],
  ['get', '/api/policy/versions/{number}', () => ['/api/policy/versions/2']],
  ['get', '/api/policy/versions/{number}', () => ['/api/policy/versions/900']],
  ['get', '/api/policy/versions/{number}', () => ['/api/policy/versions/x']],
  ['post', '/api/policy/judge', () => ['/api/policy/judge', { text: 'a: []' }]],
  ['post', '/api/policy/judge', () => ['/api/policy/judge', {}]],
  ['post', '/api/policy/changes', () => ['/api/policy/changes', { base: 2, text: 'a: []', why: 'for this test' }]],
  ['post', '/api/policy/changes', () => ['/api/policy/changes', { base: 2, text: 'own', why: 'for this test' }]],
  ['post', '/api/policy/changes', () => ['/api/policy/changes', { base: 1, text: 'a: []', why: 'for this test' }]],
  ['post', '/api/policy/changes', () => ['/api/policy/changes', { base: 2, text: 'a: []', why: '' }]],
  ['post', '/api/policy/proposals/{id}', () => ['/api/policy/proposals/1', { act: 'confirm' }]],
  ['post', '/api/policy/proposals/{id}', () => ['/api/policy/proposals/1', { act: 'withdraw' }]],
  ['post', '/api/policy/proposals/{id}', () => ['/api/policy/proposals/1', { act: 'forget' }]],
  ['post', '/api/policy/proposals/{id}', () => ['/api/policy/proposals/x', { act: 'confirm' }]],
  ['post', '/api/policy/drift', () => ['/api/policy/drift', { version: 'ba9876543210', take: true, why: 'from git' }]],
  ['post', '/api/policy/drift', () => ['/api/policy/drift', { version: 'ba9876543210', take: false }]],
  ['post', '/api/policy/drift', () => ['/api/policy/drift', { version: 'newest', take: false }]],
  ['post', '/api/policy/replay', () => ['/api/policy/replay', { text: 'a: []' }]],
  ['get', '/api/me', () => ['/api/me']],
  ['get', '/api/openapi.json', () => ['/api/openapi.json']],
  ...['/v0.1', '/v0'].flatMap((v): [string, string, () => [string, unknown?]][] => [
    ['get', `${v}/servers`, () => [`${v}/servers?limit=1`]],
    ['get', `${v}/servers`, () => [`${v}/servers?limit=0`]],
    ['get', `${v}/servers/{name}/versions`, () => [`${v}/servers/${named}/versions`]],
    ['get', `${v}/servers/{name}/versions/{version}`, () => [`${v}/servers/${named}/versions/latest`]],
    ['get', `${v}/servers/{name}/versions/{version}`, () => [`${v}/servers/${named}/versions/7`]],
    ['post', `${v}/publish`, () => [`${v}/publish`, {}]],
    ['put', `${v}/servers/{name}/versions/{version}`, () => [`${v}/servers/${named}/versions/1`, {}]],
    ['delete', `${v}/servers/{name}/versions/{version}`, () => [`${v}/servers/${named}/versions/1`]],
    ['patch', `${v}/servers/{name}/versions/{version}/status`, () => [`${v}/servers/${named}/versions/1/status`, {}]],
    ['patch', `${v}/servers/{name}/status`, () => [`${v}/servers/${named}/status`, {}]],
  ]),
  ['post', '/register', () => ['/register', 'name=F&description=d&path=f&proxy_pass_url=http://127.0.0.1:9/', form]],
  ['post', '/register', () => ['/register', 'name=F', form]],
  ['post', '/toggle/{path}', () => ['/toggle/f', 'enabled=on', form]],
  ['get', '/edit/{path}', () => ['/edit/f']],
  ['post', '/edit/{path}', () => ['/edit/f', 'name=G', form]],
  ['get', '/api/server_details/{path}', () => ['/api/server_details/all']],
  ['get', '/api/server_details/{path}', () => ['/api/server_details/time']],
  ['get', '/api/tools/{path}', () => ['/api/tools/all']],
  ['get', '/api/tools/{path}', () => ['/api/tools/time']],
  ['get', '/api/tools/{path}', () => ['/api/tools/off']],
  ['post', '/api/refresh/{path}', () => ['/api/refresh/time']],
  ['delete', '/api/servers/{name}', () => ['/api/servers/fresh', { revision: 1 }]],
  ['delete', '/api/servers/{name}', () => ['/api/servers/fresh']],
];

function replacing(): object {
  const { name: _, ...settings } = fresh;
  return settings;
}

test('Every route answers as the document says', async () => {
  const wrong: unknown[] = [];
  for (const [method, path, request] of requests) {
    const [url, body, type] = request();
    const answer = await ask(method, url, body, type);
    const operation = document.paths[path]?.[method] as { responses: Record<string, { content?: object }> } | undefined;
    const described = operation?.responses[answer.status];
    const pointer = [path, method, String(answer.status)].map((part) =>
      part.replaceAll('~', '~0').replaceAll('/', '~1'),
    );
    const [p, m, s] = pointer.map(encodeURIComponent);
    const ref = `api#/paths/${p}/${m}/responses/${s}/content/application~1json/schema`;
    const valid = described && (!described.content || ajv.validate({ $ref: ref }, answer.body));
    if (!valid) wrong.push({ method, url, status: answer.status, body: answer.body, errors: ajv.errors });
  }
  expect(wrong).toEqual([]);
});

test('The requests of this test cover every route', () => {
  const asked = new Set(requests.map(([method, path]) => `${method} ${path}`));
  expect(operations.map(({ method, path }) => `${method} ${path}`).filter((route) => !asked.has(route))).toEqual([]);
});

test('The document rejects what the API rejects', () => {
  const valid = (component: string, value: unknown) =>
    ajv.validate({ $ref: `api#/components/schemas/${component}` }, value);
  expect(valid('NewServer', fresh)).toBe(true);
  expect(valid('NewServer', { ...fresh, colour: 'red' })).toBe(false);
  expect(valid('NewServer', { ...fresh, title: '' })).toBe(false);
  expect(valid('ServerPatch', { title: 'x' })).toBe(false);
  expect(valid('ServerPatch', { title: 'x', revision: 1 })).toBe(true);
});

test('It is OpenAPI 3.1: every reference resolves, every path parameter is described, every id is unique', () => {
  expect(document).toMatchObject({ openapi: '3.1.0', info: { title: expect.any(String), version: '1' } });
  const text = JSON.stringify(document);
  const names = new Set(Object.keys(document.components.schemas));
  for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
    expect(names.has(String(name))).toBe(true);
  const ids: string[] = [];
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const operation of Object.values(methods) as {
      operationId: string;
      parameters?: { name: string; in: string }[];
    }[]) {
      ids.push(operation.operationId);
      const described = (operation.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => name);
      expect(described).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    }
  }
  expect(new Set(ids).size).toBe(ids.length);
  for (const name of names) expect(() => ajv.compile({ $ref: `api#/components/schemas/${name}` })).not.toThrow();
});

test('The document names the cookie of the gateway, with https and without', () => {
  expect(createDocument(publicUrl).components.securitySchemes.session.name).toBe('mcp_gateway_session');
  expect(createDocument('https://mcp.example.com').components.securitySchemes.session.name).toBe(
    '__Host-mcp_gateway_session',
  );
});
