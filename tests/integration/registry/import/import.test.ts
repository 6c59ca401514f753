import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { ImportAnswer } from '../../../../registry/import/import.ts';
import { admin, publicUrl, signer, startRegistry } from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings: {}
UI-Scopes:
  mcp-registry-admin: { list_service: [all], register_service: [all] }
  few: { list_service: [all], register_service: [weather] }
`);
let registry: Awaited<ReturnType<typeof startRegistry>>;
let refusal: string | undefined;
beforeEach(async () => {
  refusal = undefined;
  registry = await startRegistry(signer.keys, { policy: () => policy, edits: { examine: async () => refusal } });
});
afterEach(() => registry.close());

const send = async (body: unknown, { query = '', who = admin as object, headers = {} } = {}) => {
  const all = { 'X-Mcp-Assertion': await signer.sign(who), 'Content-Type': 'application/json', ...headers };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(`${registry.url}/api/import${query}`, { method: 'POST', headers: all, body: text });
  return { status: answer.status, body: (await answer.json()) as ImportAnswer & { error?: { code: string } } };
};
const one = async (entry: unknown) => {
  const { body } = await send(entry);
  return body.results[0];
};

const weather = {
  $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
  name: 'io.github.example/Weather',
  title: 'Weather',
  description: 'Says the weather',
  version: '2.0.1',
  repository: { url: 'https://github.com/example/weather', source: 'github' },
  icons: [{ src: 'https://example.com/w.jpg', mimeType: 'image/jpg', sizes: ['any'], theme: 'dark' }],
  remotes: [
    { type: 'sse', url: 'https://weather.example/v1/sse' },
    { type: 'streamable-http', url: 'https://weather.example/v1/mcp' },
  ],
};
const original = {
  server_name: 'Financial Info',
  description: 'Stocks',
  path: '/finance/',
  proxy_pass_url: 'http://127.0.0.1:8001/',
  tags: ['stocks', 'stocks'],
  num_tools: 2,
  num_stars: 5,
  is_python: true,
  license: 'MIT-0',
  tool_list: [{ name: 'x', schema: {} }],
  supported_transports: ['streamable-http', 'sse'],
};
const old = {
  name: 'com.example/older',
  description: 'In the spelling of 2025-07',
  version_detail: { version: '0.3.0' },
  remotes: [{ transport_type: 'streamable', url: 'http://127.0.0.1:7000/mcp' }],
};

test('A server.json becomes a server with both transports and the name of its makers', async () => {
  const { status, body } = await send(weather);
  expect([status, body.results]).toEqual([
    200,
    [
      {
        index: 0,
        name: 'weather',
        format: 'server.json',
        outcome: 'registered',
        code: null,
        reason: null,
        changes: [],
        hints: [],
      },
    ],
  ]);
  expect(registry.store.get('weather')).toMatchObject({
    title: 'Weather',
    upstream: 'https://weather.example',
    transports: { 'streamable-http': '/v1/mcp', sse: '/v1/sse' },
    version: '2.0.1',
    repository: 'https://github.com/example/weather',
    icons: [{ src: 'https://example.com/w.jpg', mimeType: 'image/jpeg', sizes: ['any'] }],
    alias: 'io.github.example/Weather',
  });
});

test('A server file of the original becomes a server, without its counts of tools and stars', async () => {
  await send(original);
  expect(registry.store.get('finance')).toMatchObject({
    title: 'Financial Info',
    upstream: 'http://127.0.0.1:8001',
    transports: { 'streamable-http': '/mcp', sse: '/sse' },
    tags: ['stocks'],
    license: 'MIT-0',
    alias: null,
  });
});

test('An older server.json, and one as the MCP registry API answers it, are read as well', async () => {
  const { body } = await send({ servers: [{ server: weather, _meta: {} }, old] });
  expect(body).toMatchObject({ registered: 2, skipped: 0, refused: 0 });
  expect(registry.store.get('older')).toMatchObject({ version: '0.3.0', transports: { 'streamable-http': '/mcp' } });
});

test('An entry that cannot be registered does not stop the others; an existing server is skipped', async () => {
  const { body } = await send([weather, { hello: 'world' }, { ...weather }, original]);
  expect(body).toMatchObject({ dry_run: false, registered: 2, skipped: 1, refused: 1 });
  expect(body.results.map(({ outcome, code }) => [outcome, code])).toEqual([
    ['registered', null],
    ['refused', 'input_invalid'],
    ['skipped', 'name_taken'],
    ['registered', null],
  ]);
});

test('A dry run gives the same answer and changes nothing', async () => {
  const before = registry.store.list();
  const { body } = await send([weather, { ...weather }, original], { query: '?dry_run=true' });
  expect(body).toMatchObject({ dry_run: true, registered: 2, skipped: 1, refused: 0 });
  refusal = 'It is a private address.';
  expect((await send(original, { query: '?dry_run=true' })).body.results[0]).toMatchObject({
    outcome: 'refused',
    code: 'upstream_refused',
    reason: expect.stringContaining('private'),
  });
  expect(registry.store.list()).toEqual(before);
});

const remote = (change: object) => ({
  ...weather,
  remotes: [{ type: 'streamable-http', url: 'https://w.example/mcp', ...change }],
});
test.each([
  [
    'one that is only a package',
    {
      ...weather,
      remotes: undefined,
      packages: [{ registryType: 'npm', identifier: '@x/y', transport: { type: 'stdio' } }],
    },
    /package \(npm @x\/y\).*bridge to streamable HTTP/,
  ],
  ['one with nothing at all', { ...weather, remotes: [] }, /no remotes/],
  ['one with an unknown transport', remote({ type: 'carrier-pigeon' }), /None of its remotes/],
  [
    'one whose address has a variable',
    remote({ url: 'https://{tenant}.example/mcp' }),
    /variables without a value: \{tenant\}/,
  ],
  [
    'one whose address has a secret in it',
    remote({ url: 'https://w.example/{key}', variables: { key: { isSecret: true, default: 'k' } } }),
    /\{key\}/,
  ],
  ['one whose address is a file', remote({ url: 'file:///etc/passwd' }), /upstream/],
  ['one whose name has no namespace', { ...weather, name: 'weather' }, /name: must be like/],
  [
    'a package that serves HTTP',
    {
      ...weather,
      remotes: undefined,
      packages: [
        { registryType: 'oci', identifier: 'x', transport: { type: 'streamable-http', url: 'http://h:1/mcp' } },
      ],
    },
    /\(oci x\) that serves streamable-http at http:\/\/h:1\/mcp once it runs/,
  ],
  ['one whose name the gateway uses', { ...original, path: '/api' }, /"api" is a name that the gateway uses/],
  ['one without a description', { ...weather, description: undefined }, /description: must be text/],
  ['one with nginx in its path', { ...original, path: '/x { } location / {' }, /name: must be/],
  ['mcpgw', { ...original, path: '/mcpgw' }, /belongs to the gateway itself/],
  ['text', 'hello', /neither/],
  ['a list', [], /neither/],
  ['null', null, /neither/],
])('%s is rejected with a reason', async (_what, entry, reason) => {
  const before = registry.store.list();
  const result = (await send([entry])).body.results[0];
  expect(result).toMatchObject({ outcome: 'refused', reason: expect.stringMatching(reason) });
  expect(registry.store.list()).toEqual(before);
});

test('A variable with a value is filled in', async () => {
  const variables = { tenant: { default: 'acme' } };
  await send(remote({ url: 'https://{tenant}.example/mcp', variables }));
  expect(registry.store.get('weather')?.upstream).toBe('https://acme.example');
});

test('A credential is not imported; a hint says what to do', async () => {
  const headers = [{ name: 'Authorization', isRequired: true, isSecret: true, value: 'Bearer {token}' }];
  expect(await one(remote({ headers }))).toMatchObject({
    outcome: 'registered',
    hints: [expect.stringMatching(/Authorization.*UPSTREAM_SECRETS_FILE/)],
  });
  expect(await one({ ...original, auth_type: 'oauth' })).toMatchObject({ hints: [expect.stringMatching(/oauth/)] });
});

test('Headers whose values callers choose are forwarded; a hint names those that are required', async () => {
  const headers = [
    { name: 'X-Region', isRequired: true },
    { name: 'X-MCP-Toolsets' },
    { name: 'X-User-Id' },
    { name: 'Authorization', isSecret: true },
  ];
  expect((await one(remote({ headers })))?.hints).toEqual([
    expect.stringContaining('Authorization'),
    'Callers must send X-Region themselves.',
  ]);
  expect(registry.store.get('weather')?.forward_headers).toEqual(['X-Region', 'X-MCP-Toolsets']);
});

test('A second transport at another address is left out, with a hint', async () => {
  const elsewhere = { ...weather, remotes: [weather.remotes[1], { type: 'sse', url: 'https://other.example/sse' }] };
  expect(await one(elsewhere)).toMatchObject({ hints: [expect.stringContaining('https://other.example')] });
  expect(registry.store.get('weather')?.transports).toEqual({ 'streamable-http': '/v1/mcp' });
});

test.each([
  ['a number', '5'],
  ['broken JSON', '[{'],
  ['an empty list', '[]'],
  ['more than 100 entries', JSON.stringify(Array(101).fill({}))],
  ['more than a megabyte', JSON.stringify({ ...weather, description: 'x'.repeat(1_100_000) })],
])('%s is rejected as a whole', async (_what, body) => {
  const answer = await send(body);
  expect([answer.status, answer.body.error?.code]).toEqual([400, 'input_invalid']);
});

test('Each entry needs the permission, a form is rejected, and an assertion for mcpgw is not enough', async () => {
  const { body } = await send([weather, original], { who: { ...admin, scopes: ['few'] } });
  expect(body.results.map(({ outcome, code }) => [outcome, code])).toEqual([
    ['registered', null],
    ['refused', 'not_permitted'],
  ]);
  expect((await send(weather, { headers: { 'Content-Type': 'text/plain' } })).status).toBe(415);
  const forMcpgw = await signer.sign(admin, { audience: `${publicUrl}/mcpgw` });
  expect((await send(weather, { headers: { 'X-Mcp-Assertion': forMcpgw } })).status).toBe(401);
  expect((await send(weather, { query: '?dry_run=maybe' })).status).toBe(400);
});

const published = (name: string, more: object = {}) => ({
  name,
  description: 'x',
  remotes: [{ type: 'streamable-http', url: `https://${name.split('/')[0]}/mcp` }],
  ...more,
});

test('Servers of different vendors get different names, also where their own part is the same', async () => {
  const page = ['com.stripe/mcp', 'com.notion/mcp', 'com.one/search', 'com.two/search'].map((name) => published(name));
  const expected = ['stripe-mcp', 'notion-mcp', 'search', 'two-search'];
  const tried = await send(page, { query: '?dry_run=true' });
  expect(tried.body.results.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(
    expected.map((name) => `${name} registered`),
  );
  const { body } = await send(page);
  expect(body.results.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(
    expected.map((name) => `${name} registered`),
  );
  // Importing again finds each under the name that it has.
  expect((await send(page)).body).toMatchObject({ registered: 0, skipped: 4 });
});

test('Only the newest version counts, and what its makers have deleted is not imported', async () => {
  const version = (name: string, of: object) => ({
    server: published(name),
    _meta: { 'io.modelcontextprotocol.registry/official': of },
  });
  const { body } = await send([
    version('com.example/notes', { status: 'active', isLatest: false }),
    version('com.example/notes', { status: 'active', isLatest: true }),
    version('com.example/gone', { status: 'deleted', isLatest: true }),
    version('com.example/old', { status: 'deprecated', isLatest: true }),
  ]);
  expect(body.results.map(({ outcome }) => outcome)).toEqual(['refused', 'registered', 'refused', 'registered']);
  expect(body.results[3]?.hints).toEqual(['Its makers call it deprecated.']);
});

test('What only decorates a server does not stop its import, and hints say what was changed', async () => {
  const decorated = published('com.example/plain', {
    title: 'A'.repeat(200),
    description: '',
    repository: 'git+https://github.com/example/plain.git',
    icons: [{ src: 'http://example.com/i.png' }, { src: 'https://example.com/i.png' }],
    version: 3,
  });
  const result = await one(decorated);
  expect(result).toMatchObject({ outcome: 'registered', name: 'plain' });
  expect(result?.hints.join(' ')).toMatch(/title was shortened.*description was missing.*version was left out.*icons/);
  expect(registry.store.get('plain')).toMatchObject({
    repository: 'https://github.com/example/plain.git',
    icons: [{ src: 'https://example.com/i.png' }],
  });
  const many = { ...original, tags: Array.from({ length: 30 }, (_, n) => `t${n}`) };
  expect(await one(many)).toMatchObject({ outcome: 'registered' });
  expect(registry.store.get('finance')?.tags).toHaveLength(20);
});

test('An import leaves out tags that say that files made the server', async () => {
  const claims = { ...original, tags: ['stocks', 'from:git', 'FROM:x'] };
  const result = await one(claims);
  expect(result?.outcome).toBe('registered');
  expect(result?.hints.join(' ')).toContain('Its tags from:… were left out');
  expect(registry.store.get('finance')?.tags).toEqual(['stocks']);
});

test('The configuration of a client is imported; what a client starts itself is refused with the way out', async () => {
  const mcpServers = {
    'My Notes': { type: 'http', url: 'https://notes.example/mcp', headers: { Authorization: 'Bearer S3cret' } },
    local: { command: 'npx', args: ['x'] },
  };
  const { body } = await send({ mcpServers });
  expect(body.results).toMatchObject([
    { name: 'my-notes', format: 'client', outcome: 'registered' },
    { outcome: 'refused', reason: expect.stringContaining('Run it behind a bridge') },
  ]);
  expect(body.results[0]?.hints.join()).toContain('UPSTREAM_SECRETS_FILE');
  expect(JSON.stringify(body)).not.toContain('S3cret');
});

test('Paths and credentials of the original are mended or named, and no credential is kept', async () => {
  const named = await one({ ...original, path: '/Team/Notes' });
  expect(named).toMatchObject({ name: 'team-notes', outcome: 'registered' });
  expect(named?.hints).toEqual(['Its path /Team/Notes became the name team-notes.']);
  const secret = { proxy_pass_url: 'http://user:S3cret@127.0.0.1:8001/', headers: [{ 'X-Token': 'S3cret' }] };
  const result = await one({ ...original, path: '/secret', ...secret });
  expect(result).toMatchObject({ name: 'secret', outcome: 'registered' });
  expect(result?.hints.join()).toMatch(/in X-Token.*in its address/);
  expect(JSON.stringify([result, registry.store.get('secret')])).not.toContain('S3cret');
});
