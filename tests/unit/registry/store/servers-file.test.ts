import { readFileSync } from 'node:fs';
import { attempt } from '../../../../common/text/config-error.ts';
import { parseServers } from '../../../../registry/store/servers-file.ts';

const good = {
  name: 'currenttime',
  title: 'Current time',
  description: 'Time',
  upstream: 'http://127.0.0.1:8000',
  transports: { 'streamable-http': '/mcp' },
  tags: ['time'],
};
const faultsOf = (text: string) => attempt(() => parseServers(text)).faults;

test('The bundled file holds the four bundled servers', () => {
  const text = readFileSync(new URL('../../../../registry/servers.yml', import.meta.url), 'utf8');
  const servers = parseServers(text);
  expect(servers.map((server) => [server.name, server.upstream])).toEqual([
    ['currenttime', 'http://127.0.0.1:8000'],
    ['fininfo', 'http://127.0.0.1:8001'],
    ['realserverfaketools', 'http://127.0.0.1:8002'],
    ['mcpgw', 'http://127.0.0.1:8003'],
  ]);
  expect(servers[0]?.transports).toEqual({ 'streamable-http': '/mcp', sse: '/sse' });
});

test('An empty list is valid', () => {
  expect(parseServers('[]')).toEqual([]);
});

test.each([
  ['a reserved name', { name: 'api' }, /^line 1: \[0\]\.name: "api" is a name that the gateway uses itself/],
  ['a name of a later version', { name: 'mcp' }, /^line 1: \[0\]\.name: "mcp" is .*: choose another, such as "my-mcp"/],
  ['a name with two underscores', { name: 'a__b' }, /^line 1: \[0\]\.name: must not have two underscores/],
  ['a name with a slash', { name: 'a/b' }, /^line 1: \[0\]\.name: must be/],
  ['a name in capitals', { name: 'Time' }, /^line 1: \[0\]\.name: must be/],
  ['an empty title', { title: ' ' }, /^line 1: \[0\]\.title: must not be empty/],
  ['a title of two lines', { title: 'a\nb' }, /^line 1: \[0\]\.title: must be one line/],
  ['an upstream with a path', { upstream: 'http://127.0.0.1:8000/mcp' }, /^line 1: \[0\]\.upstream: .*without a path/],
  ['an upstream with credentials', { upstream: 'http://u:p@127.0.0.1:8000' }, /^line 1: \[0\]\.upstream/],
  ['an upstream of another scheme', { upstream: 'file:///etc/passwd' }, /^line 1: \[0\]\.upstream/],
  ['a semicolon in the host', { upstream: 'http://a;b:1' }, /^line 1: \[0\]\.upstream: must name a host/],
  [
    'a path with a fragment',
    { transports: { 'streamable-http': '/mcp#x' } },
    /^line 1: \[0\]\.transports\.streamable-http: must be a path/,
  ],
  [
    'a path with dots',
    { transports: { 'streamable-http': '/../admin' } },
    /^line 1: \[0\]\.transports\.streamable-http/,
  ],
  ['no transport', { transports: {} }, /^line 1: \[0\]\.transports: must have streamable-http/],
  [
    'a path for messages, which the server announces itself',
    { transports: { sse: '/sse', messages: '/m' } },
    /messages/,
  ],
  [
    'an unknown transport',
    { transports: { 'streamable-http': '/mcp', stdio: '/x' } },
    /^line 1: \[0\]\.transports: Unrecognized key/,
  ],
  ['an unknown key', { secret: 'x' }, /^line 1: \[0\]: Unrecognized key/],
  [
    'a repository that a browser would run',
    { repository: 'javascript:alert(1)' },
    /^line 1: \[0\]\.repository: must be an https/,
  ],
  [
    'an icon with credentials',
    { icons: [{ src: 'https://u:p@x.test/i.png' }] },
    /^line 1: \[0\]\.icons\[0\]\.src: must be/,
  ],
  ['an icon of another type', { icons: [{ src: 'https://x.test/', mimeType: 'text/html' }] }, /mimeType: must be an/],
  ['a state that is no truth value', { enabled: 'no' }, /^line 1: \[0\]\.enabled: must be true or false/],
  ['tags that are no list', { tags: 'time' }, /^line 1: \[0\]\.tags/],
])('%s is reported with its path', (_what, change, expected) => {
  expect(faultsOf(JSON.stringify([{ ...good, ...change }])).join('\n')).toMatch(expected);
});

test('A duplicate name is reported', () => {
  expect(faultsOf(JSON.stringify([good, good]))).toEqual(['line 1: [1].name: "currenttime" is there twice']);
});

test('All faults are reported at once', () => {
  expect(
    faultsOf(
      JSON.stringify([
        { ...good, name: 'A' },
        { ...good, title: '' },
      ]),
    ),
  ).toHaveLength(2);
});

test.each([
  ['nothing', ''],
  ['a map', 'currenttime: {}'],
  ['broken YAML', '- {name: [}'],
  ['a key that is there twice', '- {name: a, name: b}'],
])('%s is not a servers file', (_what, text) => {
  expect(faultsOf(text).length).toBeGreaterThan(0);
});

test('An alias bomb is rejected', () => {
  const levels = Array.from({ length: 30 }, (_, i) => `- &a${i + 1} [${`*a${i},`.repeat(9)}]`);
  expect(faultsOf(`- &a0 [x]\n${levels.join('\n')}\n`).length).toBeGreaterThan(0);
});
