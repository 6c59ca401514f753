import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createExportDecisions, exportName } from '../../../../registry/doors/export.ts';
import { listen, until } from '../../../support/listen.ts';
import { admin, publicUrl, signer, startRegistry } from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings: {}
UI-Scopes:
  mcp-registry-admin: { view_audit: [all], export_audit: [all] }
  part: { view_audit: [notes], export_audit: [notes] }
  viewer: { view_audit: [all] }
  exporter: { export_audit: [all] }
`);

let registry: Awaited<ReturnType<typeof startRegistry>>;
let authServer: Awaited<ReturnType<typeof listen>>;
/** What the auth-server answers, and what it was asked. */
let answer: RequestListener;
let asked: IncomingMessage[];
beforeAll(async () => {
  authServer = await listen((req, res) => {
    asked.push(req);
    answer(req, res);
  });
  const exportDecisions = createExportDecisions(`http://127.0.0.1:${authServer.port}`);
  const now = () => new Date('2026-11-29T12:00:00Z');
  registry = await startRegistry(signer.keys, { policy: () => policy, exportDecisions, now });
});
afterAll(async () => {
  await registry.close();
  await authServer.close();
});
beforeEach(() => {
  asked = [];
  answer = (_req, res) => void res.end('{"id":"1"}\n');
});

const get = async (path: string, claims: object = {}, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(registry.url + path, {
    method,
    headers: { 'X-Mcp-Assertion': await signer.sign({ ...admin, ...claims }), ...headers },
  });

test.each(['/api/decisions/export', '/audit/export'])(
  '%s passes on the file and its filters, as a download',
  async (path) => {
    const { status, headers, text } = await read(
      await get(`${path}?format=csv&person=ali&verdict=&since=2026-11-01T00:00:00Z`),
    );
    expect([status, text, headers.get('content-type'), headers.get('cache-control')]).toEqual([
      200,
      '{"id":"1"}\n',
      'text/csv; charset=utf-8; header=present',
      'no-store',
    ]);
    expect(headers.get('content-disposition')).toBe('attachment; filename="audit_2026-11-01_2026-11-29.csv"');
    const url = new URL(asked[0]?.url ?? '', publicUrl);
    expect([url.pathname, Object.fromEntries(url.searchParams)]).toEqual([
      '/decisions/export',
      { format: 'csv', person: 'ali', since: '2026-11-01T00:00:00Z' },
    ]);
    expect(asked[0]?.headers['x-mcp-assertion']).toContain('.');
  },
);

test.each([
  ['may only see', { scopes: ['viewer'] }, {}, 403, 'not_permitted'],
  ['may only export', { scopes: ['exporter'] }, {}, 403, 'not_permitted'],
  ['has no rights', { scopes: [] }, {}, 403, 'not_permitted'],
  ['was led here by another site', {}, { 'Sec-Fetch-Site': 'cross-site' }, 403, 'origin_refused'],
  ['was led here from another port', {}, { 'Sec-Fetch-Site': 'same-site' }, 403, 'origin_refused'],
  ['may export one server', { scopes: ['part'] }, {}, 200, undefined],
  ['is on our page', {}, { 'Sec-Fetch-Site': 'same-origin' }, 200, undefined],
  ['has typed the address', {}, { 'Sec-Fetch-Site': 'none' }, 200, undefined],
  ['is a program with a token', { auth_method: 'jwt' }, { 'Sec-Fetch-Site': 'cross-site' }, 200, undefined],
])('A person who %s gets what they should', async (_who, claims, headers, status, code) => {
  const got = await read(await get('/api/decisions/export?format=ndjson', claims, headers));
  expect([got.status, got.status === 200 ? undefined : JSON.parse(got.text).error.code]).toEqual([status, code]);
  expect(asked.length).toBe(status === 200 ? 1 : 0);
});

test.each([
  ['without a format', '', 400, 'input_invalid'],
  ['with an unknown format', '?format=xml', 400, 'input_invalid'],
  ['with a time that is none', '?format=csv&since=yesterday', 400, 'input_invalid'],
])('An export %s is refused', async (_what, query, status, code) => {
  const got = await read(await get(`/api/decisions/export${query}`));
  expect([got.status, JSON.parse(got.text).error.code]).toEqual([status, code]);
});

test.each([
  ['/audit/export?format=csv&span=24h', { since: '2026-11-28T12:00:00.000Z' }],
  ['/audit/export?format=csv&span=', {}],
  ['/audit/export?format=csv&since=2026-11-29T09:00', { since: '2026-11-29T09:00:00Z' }],
  ['/api/decisions/export?format=csv', {}],
  ['/api/decisions/export?format=csv&span=1h', { since: '2026-11-29T11:00:00.000Z' }],
])('%s has what the page or the API shows with these filters', async (path, times) => {
  await read(await get(path));
  const { searchParams } = new URL(asked[0]?.url ?? '', publicUrl);
  expect(Object.fromEntries(searchParams)).toEqual({ format: 'csv', ...times });
});

test('A person whom the auth-server refuses, and one while it fails, get a page or JSON, and no file', async () => {
  answer = (_req, res) => void res.writeHead(403).end('{}');
  expect((await read(await get('/api/decisions/export?format=csv'))).status).toBe(403);
  answer = (_req, res) => void res.writeHead(503).end('{}');
  const { status, headers, text } = await read(await get('/audit/export?format=csv', {}, { Accept: 'text/html' }));
  expect([status, headers.get('content-disposition')]).toEqual([503, null]);
  expect(text).toContain('The decisions cannot be read');
});

test('HEAD tells the name and the type, and starts no export', async () => {
  const { headers } = await get('/audit/export?format=ocsf&span=24h', {}, {}, 'HEAD');
  expect(headers.get('content-disposition')).toBe('attachment; filename="audit_2026-11-28_2026-11-29.ocsf.ndjson"');
  expect(asked).toEqual([]);
});

test('An export that breaks off at its source breaks off at its reader', async () => {
  answer = (_req, res) => {
    res.write('{"id":"1"}\n', () => res.destroy());
  };
  const got = await get('/api/decisions/export?format=ndjson');
  expect(got.status).toBe(200);
  await expect(got.text()).rejects.toThrow();
});

test('A reader that leaves ends the export at its source', async () => {
  let source: ServerResponse | undefined;
  answer = (_req, res) => {
    source = res;
    res.write('{"id":"1"}\n');
  };
  const got = await get('/api/decisions/export?format=ndjson');
  await got.body?.cancel();
  expect(await until(() => source?.destroyed)).toBe(true);
});

test('A file is named by its days and its format', () => {
  const now = new Date('2026-11-29T12:00:00Z');
  const since = '2026-11-01T23:30:00-02:00';
  expect(exportName({ format: 'ndjson' }, now)).toBe('audit_2026-11-29.ndjson');
  expect(exportName({ format: 'csv', since, until: '2026-11-03T00:00:00Z' }, now)).toBe(
    'audit_2026-11-02_2026-11-03.csv',
  );
});

async function read(response: Response) {
  return { status: response.status, headers: response.headers, text: await response.text() };
}
