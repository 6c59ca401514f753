import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { ImportAnswer } from '../../../../registry/import/import.ts';
import type { RouteOutcome } from '../../../../registry/routing/route-status.ts';
import { admin, signer, startRegistry } from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings: {}
UI-Scopes:
  mcp-registry-admin: { list_service: [all], register_service: [all], modify_service: [all] }
  new: { list_service: [all], register_service: [all] }
`);
let registry: Awaited<ReturnType<typeof startRegistry>>;
let published: number;
let outcome: RouteOutcome;
beforeEach(async () => {
  published = 0;
  outcome = { state: 'ok' };
  const publish = async () => {
    published++;
    return outcome;
  };
  registry = await startRegistry(signer.keys, {
    policy: () => policy,
    edits: { examine: async ({ upstream }) => (upstream.includes('private') ? 'It is private.' : undefined), publish },
  });
});
afterEach(() => registry.close());

const ask = async (method: string, path: string, body: unknown, who: object = admin) => {
  const headers = { 'X-Mcp-Assertion': await signer.sign(who), 'Content-Type': 'application/json' };
  return await fetch(`${registry.url}/api${path}`, { method, headers, body: JSON.stringify(body) });
};
/** Imports, after a dry run that must answer the same. */
const imported = async (body: unknown, who: object = admin) => {
  const before = registry.store.list();
  const tried = (await (await ask('POST', '/import?dry_run=true', body, who)).json()) as ImportAnswer;
  expect(registry.store.list()).toEqual(before);
  const done = (await (await ask('POST', '/import', body, who)).json()) as ImportAnswer;
  if (outcome.state === 'ok') expect({ ...tried, dry_run: false }).toEqual(done);
  return done;
};
const server = (name: string, more: object = {}) => ({
  name,
  description: 'x',
  version: '1.0.0',
  remotes: [{ type: 'streamable-http', url: `https://${name.split('/')[0]}/mcp` }],
  ...more,
});
const original = (path: string, more: object = {}) => ({
  server_name: path,
  path,
  proxy_pass_url: 'http://127.0.0.1:8001/',
  ...more,
});
const outcomes = ({ results }: ImportAnswer) => results.map(({ name, outcome }) => `${name} ${outcome}`);

test('An import of a newer version takes its address, headers, description and version, and says so before', async () => {
  await imported(server('com.example/notes'));
  const next = server('com.example/notes', {
    version: '1.1.0',
    description: 'Better notes',
    remotes: [
      {
        type: 'streamable-http',
        url: 'https://new.example/mcp?v=2',
        headers: [{ name: 'X-Region', isRequired: true }],
      },
    ],
  });
  const { results } = await imported(next);
  expect(results).toMatchObject([{ name: 'notes', outcome: 'updated', code: null, reason: null }]);
  expect(results[0]?.changes.toSorted()).toEqual([
    'description: "x" becomes "Better notes"',
    'forward_headers: [] becomes ["X-Region"]',
    'transports: {"streamable-http":"/mcp"} becomes {"streamable-http":"/mcp?v=2"}',
    'upstream: "https://com.example" becomes "https://new.example"',
    'version: "1.0.0" becomes "1.1.0"',
  ]);
  expect(registry.store.get('notes')).toMatchObject({ upstream: 'https://new.example', version: '1.1.0' });
  const again = await imported(next);
  expect(again.results).toMatchObject([{ outcome: 'skipped', reason: 'It is here already, as it was published.' }]);
  // Imported fields are still the import's after an update.
  expect(outcomes(await imported({ ...next, version: '1.2.0', description: 'Best notes' }))).toEqual(['notes updated']);
  expect(registry.store.get('notes')).toMatchObject({ description: 'Best notes', version: '1.2.0' });
});

test('What a person has changed by hand stays, and a hint names it; secret, limit and state stay too', async () => {
  await imported(server('com.example/notes'));
  const { revision } = registry.store.get('notes') ?? {};
  const mine = { revision, description: 'Our notes', health_seconds: 60, auth: { secret: 'ours' } };
  expect((await ask('PATCH', '/servers/notes', mine)).status).toBe(200);
  const { results } = await imported(server('com.example/notes', { version: '2.0.0', description: 'Their notes' }));
  expect(results).toMatchObject([
    {
      outcome: 'updated',
      changes: ['version: "1.0.0" becomes "2.0.0"'],
      hints: ['Changed here by hand, and kept: description.'],
    },
  ]);
  expect(registry.store.get('notes')).toMatchObject({
    ...{ description: 'Our notes', health_seconds: 60, auth: { secret: 'ours' }, version: '2.0.0' },
  });
});

test('A server that was registered by hand is not touched, and an older version replaces nothing', async () => {
  const mine = { name: 'finance', title: 'Mine', description: 'Mine', upstream: 'https://mine.example' };
  await ask('POST', '/servers', { ...mine, transports: { 'streamable-http': '/mcp' } });
  expect((await imported(original('/finance'))).results).toMatchObject([{ outcome: 'skipped', code: 'name_taken' }]);
  expect(registry.store.get('finance')?.upstream).toBe('https://mine.example');
  await imported(server('com.example/notes', { version: '1.10.0' }));
  expect((await imported(server('com.example/notes', { version: '1.9.0' }))).results).toMatchObject([
    { outcome: 'skipped', reason: 'Version 1.9.0 is older than 1.10.0, which is here.' },
  ]);
});

test('A server file of the original that was imported before updates its server', async () => {
  await imported(original('/team/notes', { tags: ['a'] }));
  expect(outcomes(await imported(original('/team/notes', { tags: ['a', 'b'] })))).toEqual(['team-notes updated']);
  expect(registry.store.get('team-notes')?.tags).toEqual(['a', 'b']);
});

test('An update needs the permission to change the server, and an address that may be used', async () => {
  await imported(server('com.example/notes'));
  const next = server('com.example/notes', { version: '2.0.0' });
  expect((await imported(next, { ...admin, scopes: ['new'] })).results).toMatchObject([
    { outcome: 'skipped', code: 'name_taken', changes: [], hints: [] },
  ]);
  const moved = { ...next, remotes: [{ type: 'sse', url: 'https://private.example/sse' }] };
  expect((await imported(moved)).results).toMatchObject([{ outcome: 'refused', code: 'upstream_refused' }]);
  expect(registry.store.get('notes')).toMatchObject({ upstream: 'https://com.example', version: '1.0.0' });
});

test('Names that clash inside one file are told apart by the whole name, and a dry run says the same', async () => {
  const names = [
    'com.acme/search',
    'io.acme/search',
    'org.acme/search',
    'com.acme/mcp',
    'a.b/api',
    'a.c/mcpgw',
    'a.d/__',
  ];
  const expected = ['search', 'acme-search', 'org-acme-search', 'acme-mcp', 'b-api', 'c-mcpgw', 'd'];
  const result = await imported(names.map((name) => server(name)));
  expect(outcomes(result)).toEqual(expected.map((name) => `${name} registered`));
  // Each finds its server again.
  expect(outcomes(await imported(names.map((name) => server(name))))).toEqual(
    expected.map((name) => `${name} skipped`),
  );
});

test('Of several versions of one server in a file the newest counts, wherever it stands', async () => {
  const versions = ['1.2.0', '1.10.0', '1.10.0-rc.1', '1.9'].map((version) => server('com.example/notes', { version }));
  expect(outcomes(await imported(versions))).toEqual([
    ...['notes skipped', 'notes registered', 'notes skipped', 'notes skipped'],
  ]);
  expect(registry.store.get('notes')?.version).toBe('1.10.0');
  const twice = await imported([original('/one'), original('/one')]);
  expect(outcomes(twice)).toEqual(['one registered', 'one skipped']);
  expect(twice.results[1]?.reason).toBe('"one" is there twice.');
});

test('A hundred servers are imported with one write of the routes', async () => {
  const many = Array.from({ length: 100 }, (_, n) => server(`com.example/s${n}`));
  published = 0;
  expect(await imported(many)).toMatchObject({ registered: 100, refused: 0 });
  expect(published).toBe(1);
});

test('If nginx refuses the routes of an import, all of it is undone, and each server says so', async () => {
  outcome = { state: 'refused', reason: 'too long' };
  const { results } = await imported([server('com.example/one'), server('com.example/two')]);
  expect(results).toMatchObject(
    ['one', 'two'].map((name) => ({
      name,
      outcome: 'refused',
      code: 'route_refused',
      reason: expect.stringMatching(/2 routes.*too long/),
    })),
  );
  expect(registry.store.get('one') ?? registry.store.get('two')).toBeUndefined();
});

test('Tags beside the fields of a server.json, or in its metadata, are set', async () => {
  const meta = { 'com.registry/own': { tags: ['notes', 'team'] }, other: { keywords: 'a, b' } };
  await imported({ server: server('com.example/notes', { tags: ['notes'] }), _meta: meta });
  expect(registry.store.get('notes')?.tags).toEqual(['notes', 'team', 'a', 'b']);
});

const url = 'https://x.example/a%2Fb/@c/mcp?profile=p';
test.each([
  ['remotes that are one object', { remotes: { type: 'streamable-http', url } }, 'streamable-http'],
  ['remotes by their transports', { remotes: { 'streamable-http': { url } } }, 'streamable-http'],
  ['remotes that are addresses', { remotes: { sse: url } }, 'sse'],
  ['transportType', { remotes: [{ transportType: 'sse', url }] }, 'sse'],
  ['transport', { remotes: [{ transport: 'streamableHttp', url }] }, 'streamable-http'],
  ['no transport', { remotes: [{ url }] }, 'streamable-http'],
])('A server.json with %s is read', async (_what, more, transport) => {
  expect(outcomes(await imported(server('com.example/notes', more)))).toEqual(['notes registered']);
  expect(registry.store.get('notes')?.transports).toEqual({ [transport]: '/a%2Fb/@c/mcp?profile=p' });
});

test('Queries of the original and of a client are kept; credentials in any header or address are hints', async () => {
  await imported(original('/one', { proxy_pass_url: 'http://127.0.0.1:8001/mcp?toolsets=a', mcp_endpoint: null }));
  expect(registry.store.get('one')?.transports).toEqual({ 'streamable-http': '/mcp?toolsets=a' });
  await imported({ mcpServers: { two: { url } } });
  expect(registry.store.get('two')?.transports).toEqual({ 'streamable-http': '/a%2Fb/@c/mcp?profile=p' });
  const headers = [
    { name: 'DD-API-KEY', isRequired: true, isSecret: true },
    { name: 'X-Region', isRequired: true, value: 'eu' },
    { name: 'Accept', isRequired: true, value: 'text/event-stream' },
  ];
  const remotes = [{ type: 'streamable-http', url: 'https://user:S3cret@x.example/mcp', headers }];
  const { results } = await imported(server('com.example/three', { remotes }));
  expect(results[0]?.hints.map((hint) => /in ([A-Za-z -]*):/.exec(hint)?.[1])).toEqual([
    'its address',
    'DD-API-KEY',
    'X-Region',
  ]);
  expect(JSON.stringify([results, registry.store.list()])).not.toContain('S3cret');
});

test.each([
  ['/MyServer', 'myserver'],
  ['/team/notes/', 'team-notes'],
  ['/My Notes', 'my-notes'],
  ['/a.b', 'a-b'],
])('The path %s of the original becomes the name %s, with a hint', async (path, name) => {
  const { results } = await imported(original(path));
  expect(results).toMatchObject([
    { name, outcome: 'registered', hints: [expect.stringContaining(`the name ${name}`)] },
  ]);
});
