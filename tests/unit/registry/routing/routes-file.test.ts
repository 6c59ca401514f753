import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { routeLine, toRouteLine, writeRoutes } from '../../../../registry/routing/routes-file.ts';
import { endpointPath } from '../../../../registry/servers/names.ts';
import type { ServerEntry } from '../../../../registry/servers/server.ts';

const currenttime: ServerEntry = {
  name: 'currenttime',
  title: 'Current time',
  description: 'Time',
  upstream: 'http://127.0.0.1:8000',
  transports: { 'streamable-http': '/mcp', sse: '/sse' },
  tags: [],
};
const addresses = ['127.0.0.1:8000'];

test('A server becomes one line with its fields in order', () => {
  expect(toRouteLine(currenttime, addresses)).toBe('currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse -');
});

test('A missing endpoint is a hyphen, and several addresses form one field', () => {
  const server = { ...currenttime, upstream: 'https://mcp.example.com', transports: { 'streamable-http': '/v1/mcp/' } };
  expect(toRouteLine(server, ['203.0.113.7:443', '[2001:db8::7]:443'])).toBe(
    'currenttime https mcp.example.com 203.0.113.7:443,[2001:db8::7]:443 /v1/mcp/ - -',
  );
});

test('An IPv6 host stays in brackets', () => {
  const line = toRouteLine({ ...currenttime, upstream: 'http://[::1]:8000' }, ['[::1]:8000']);
  expect(line).toBe('currenttime http [::1]:8000 [::1]:8000 /mcp /sse -');
});

test('The name of a secret is followed by its headers, but for the two usual ones, and none of them is forwarded', () => {
  const server = { ...currenttime, auth: { secret: 'two' }, forward_headers: ['X-Region', 'X-Zone'] };
  expect(toRouteLine(server, addresses, [], ['X-API-Key', 'DD-API-KEY', 'x-zone'])).toBe(
    'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse two=DD-API-KEY,x-zone X-Region',
  );
  expect(toRouteLine({ ...currenttime, auth: { secret: 'one' } }, addresses, [], ['Authorization'])).toBe(
    'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse one',
  );
});

test('The line contains the name of the secret', () => {
  const line = toRouteLine({ ...currenttime, auth: { secret: 'github_2' } }, addresses);
  expect(line).toBe('currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse github_2');
});

test("For each person's own account, the line contains the name of its entry, and nothing of the secret for checks", () => {
  const server = { ...currenttime, auth: { account: 'github', checks: 'ours' } };
  expect(toRouteLine(server, addresses, [], ['DD-API-KEY'])).toBe(
    'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse account:github',
  );
  expect(() => toRouteLine({ ...server, host_header: 'mcp.internal' }, addresses)).toThrow('a Host header of its own');
  const long = { 'streamable-http': `/${'a'.repeat(1_990)}`, sse: `/${'b'.repeat(1_990)}` };
  expect(() => toRouteLine({ ...server, transports: long }, addresses)).toThrow('too long for accounts');
});

test('A server that gets headers of its callers has a last field with their names', () => {
  const server = { ...currenttime, forward_headers: ['X-MCP-Toolsets'] };
  expect(toRouteLine(server, addresses, ['Mcp-Param-City'])).toBe(
    'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse - X-MCP-Toolsets,Mcp-Param-City',
  );
});

test('A server with another Host has it as its last field, after the names of headers', () => {
  const server = { ...currenttime, host_header: 'mcp.internal:8000' };
  const line = 'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse -';
  expect(toRouteLine(server, addresses)).toBe(`${line} - mcp.internal:8000`);
  expect(toRouteLine(server, addresses, ['Mcp-Param-City'])).toBe(`${line} Mcp-Param-City mcp.internal:8000`);
  expect(() => toRouteLine({ ...server, auth: { secret: 'github' } }, addresses)).toThrow('has a credential');
});

const hostile = [
  'a b',
  'a;b',
  'a{b',
  'a}b',
  'a$b',
  'a"b',
  "a'b",
  'a\\b',
  'a\nb',
  'a\tb',
  'a#b',
  'a\0b',
  'a`b',
  'a|b',
  'aéb',
  '',
];
/** Inert in nginx's configuration, and allowed in a path. */
const ofPaths = ['a&b', 'a(b', 'a,b', 'a@b', 'a%20b'];

/** Lines with this text in one field, and which one that is. */
const linesWith = (text: string): [field: string, server: ServerEntry, at: string[]][] => [
  ['as a name', { ...currenttime, name: text }, addresses],
  ['as an address', currenttime, [text]],
  ['as one of two addresses', currenttime, ['127.0.0.1:8000', text]],
  ['as the name of a secret', { ...currenttime, auth: { secret: text } }, addresses],
  ['as the name of accounts', { ...currenttime, auth: { account: text } }, addresses],
  ['as the Host header', { ...currenttime, host_header: text || ' ' }, addresses],
  ['as the MCP path', { ...currenttime, transports: { 'streamable-http': `/${text || '?'}` } }, addresses],
  ['as the SSE path', { ...currenttime, transports: { ...currenttime.transports, sse: `/${text || '?'}` } }, addresses],
];

describe.each(hostile)('%j cannot get into a line', (text) => {
  test.each(linesWith(text))('%s', (_field, server, at) => {
    expect(() => toRouteLine(server, at)).toThrow(RangeError);
  });
});

test.each(ofPaths)('%j gets into a line as a path, and as nothing else', (text) => {
  const fields = linesWith(text).filter(([, server, at]) => {
    try {
      return toRouteLine(server, at);
    } catch {
      return false;
    }
  });
  expect(fields.map(([field]) => field)).toEqual(['as the MCP path', 'as the SSE path']);
});

test.each([
  ['an upper-case name', { ...currenttime, name: 'CurrentTime' }],
  ['a name that starts with a hyphen', { ...currenttime, name: '-x' }],
  ['a name of 64 characters', { ...currenttime, name: 'a'.repeat(64) }],
  ['a scheme that is not http', { ...currenttime, upstream: 'ftp://127.0.0.1:8000' }],
  ['a host with a semicolon', { ...currenttime, upstream: 'http://a;b:8000' }],
  ['a host with a dollar', { ...currenttime, upstream: 'http://$remote_addr:8000' }],
  ['a host that ends in a dot', { ...currenttime, upstream: 'http://a.:8000' }],
])('%s cannot be written', (_what, server) => {
  expect(() => toRouteLine(server, addresses)).toThrow(RangeError);
});

test('A server without addresses cannot be written', () => {
  expect(() => toRouteLine(currenttime, [])).toThrow(RangeError);
});

test.each([
  ['/', true],
  ['/mcp', true],
  ['/api/v1.2/mcp~x/', true],
  ['/...', true],
  ['/.well-known/mcp', true],
  ['mcp', false],
  ['', false],
  ['//mcp', false],
  ['/a//b', false],
  ['/mcp//', false],
  ['/.', false],
  ['/..', false],
  ['/../admin', false],
  ['/a/./b', false],
  ['/a/..', false],
  ['/a/../', false],
  ['/a%2fb', true],
  ['/a?b', true],
  [
    '/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fa-b/invocations?qualifier=DEFAULT',
    true,
  ],
  ['/arn:aws:lambda:eu-west-1:1:function:x', true],
  ['/@owner/name/mcp?profile=a-b&config=eyJhIjoxfQ==', true],
  ['/?toolsets=issues,repos', true],
  ['/a!b*(c)+~?x=/y?z', true],
  ['/a%', false],
  ['/a%2', false],
  ['/a%zz', false],
  ['/a?', false],
  ['/a?b#c', false],
  ["/a?b'c", false],
  ['/a$b', false],
  ['/a;b', false],
  ['/%2e%2E/admin', false],
  ['/a/.%2e', false],
  ['/a/%2E?b', false],
  ['/a#b', false],
  ['/a b', false],
  ['/mcp\n', false],
])('The path %j is valid in a route: %s', (path, good) => {
  expect(endpointPath.test(path)).toBe(good);
  // What a check sends is what nginx and the relay send.
  const { pathname, search } = new URL(`http://h${path}`);
  if (good) expect(pathname + search).toBe(path);
  expect(routeLine.test(`a http h:1 127.0.0.1:1 ${path} - -`)).toBe(good);
});

test.each([
  'currenttime  http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse -',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse ',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse - ',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse -\n',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000, /mcp /sse -',
  'currenttime http 127.0.0.1:8000 localhost:8000 /mcp /sse -',
  'currenttime http 127.0.0.1:8000 127.0.0.1 /mcp /sse -',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse Secret',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse a;b',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse --',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse - ,',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse - X_A',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse - X-A,',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse - X-A X-B',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse - $host',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse - X-A $host',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse - - ',
  'currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse - - host host',
  `currenttime http 127.0.0.1:8000 127.0.0.1:8000 /mcp /sse - ${'X-A,'.repeat(16)}X-A`,
])('%j is not a route line', (line) => {
  expect(routeLine.test(line)).toBe(false);
});

test('A long, nearly valid line is rejected without delay', () => {
  const started = performance.now();
  expect(routeLine.test(`a http h:1 127.0.0.1:1 ${'/a'.repeat(20_000)}# - -`)).toBe(false);
  expect(routeLine.test(`a http h:1 127.0.0.1:1 ${'/%2e%2ea'.repeat(20_000)}# - -`)).toBe(false);
  expect(routeLine.test(`a http ${'a.'.repeat(20_000)}! 127.0.0.1:1 - -`)).toBe(false);
  expect(performance.now() - started).toBeLessThan(8_000);
});

describe('The routes file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'routes-')), 'nginx');
  });
  afterEach(() => rm(join(folder, '..'), { recursive: true }));

  test('is created with its folder, one line per server, and leaves no draft behind', async () => {
    expect(await writeRoutes(folder, ['a', 'b'])).toBe(true);
    expect(await readFile(join(folder, 'routes'), 'utf8')).toBe('a\nb\n');
    expect(await readdir(folder)).toEqual(['routes']);
  });

  test('is not touched without a change, and is replaced atomically after one', async () => {
    await writeRoutes(folder, ['a']);
    const before = await stat(join(folder, 'routes'));
    expect(await writeRoutes(folder, ['a'])).toBe(false);
    const unchanged = await stat(join(folder, 'routes'));
    expect([unchanged.ino, unchanged.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    expect(await writeRoutes(folder, [])).toBe(true);
    expect(await readFile(join(folder, 'routes'), 'utf8')).toBe('');
    expect((await stat(join(folder, 'routes'))).ino).not.toBe(before.ino);
  });
});
