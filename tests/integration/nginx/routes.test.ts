import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { origin } from '../../../common/network/origin.ts';
import { parseServerAddress } from '../../../common/upstream-secrets/server-address.ts';
import { toRouteLine } from '../../../registry/routing/routes-file.ts';
import { addressOf, type ServerEntry } from '../../../registry/servers/server.ts';
import { watchRoutes } from '../../../relay/upstream/routes.ts';
import { recordingLog } from '../../support/registry/registry-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'routes-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs `nginx/reload build` on these routes. */
function build(line: string) {
  writeFileSync(join(folder, 'routes'), `${line}\n`);
  const { status, stderr } = spawnSync('nginx/reload', ['build'], {
    env: { ...process.env, CONF_DIR: folder, ROUTES: join(folder, 'routes') },
    encoding: 'utf8',
  });
  return { status, reason: stderr.trim() };
}

test.each([
  ['a directive in the name', 'x;} http a:1 127.0.0.1:1 /mcp - -'],
  ['a directive in the path', 'x http a:1 127.0.0.1:1 /mcp;return - -'],
  ['a variable', 'x http a:1 127.0.0.1:1 /$host - -'],
  ['a quote', 'x http a"b 127.0.0.1:1 /mcp - -'],
  ['a host name in place of an address', 'x http a:1 localhost:1 /mcp - -'],
  ['a missing field', 'x http a:1 127.0.0.1:1 /mcp -'],
  ['a directive as the name of a secret', 'x http a:1 127.0.0.1:1 /mcp - a;b'],
  ['a variable as the name of a secret', 'x http a:1 127.0.0.1:1 /mcp - $host'],
  ['a directive as the name of a header', 'x http a:1 127.0.0.1:1 /mcp - - X-A;b'],
  ['17 names of headers', `x http a:1 127.0.0.1:1 /mcp - - ${Array.from({ length: 17 }, (_, i) => `X-${i}`)}`],
  ['a header that the gateway sets', 'x http a:1 127.0.0.1:1 /mcp - - X-Region,x-USER'],
  ['a credential as a header', 'x http a:1 127.0.0.1:1 /mcp - - Cookie'],
  ['a header twice', 'x http a:1 127.0.0.1:1 /mcp - - X-Region,x-region'],
  ['a directive as the Host', 'x http a:1 127.0.0.1:1 /mcp - - - a;b'],
  ['a secret beside a Host of its own', 'x http a:1 127.0.0.1:1 /mcp - github - b:1'],
  ['accounts beside a Host of their own', 'x http a:1 127.0.0.1:1 /mcp - account:github - b:1'],
  ['accounts without a name', 'x http a:1 127.0.0.1:1 /mcp - account:'],
  ['accounts with a header', 'x http a:1 127.0.0.1:1 /mcp - account:github=X-A'],
  ['a directive as the name of accounts', 'x http a:1 127.0.0.1:1 /mcp - account:a;b'],
  ['another scheme', 'x file a:1 127.0.0.1:1 /mcp - -'],
  ['a set with an address', 'x set http a:1 127.0.0.1:1 /mcp - -'],
])('Routes with %s are refused with the reason, and no part of them reaches the configuration', (_what, line) => {
  expect(build(line)).toEqual({ status: 1, reason: expect.stringMatching(/^line 1 of the routes ./) });
  expect(existsSync(join(folder, 'routes.conf'))).toBe(false);
});

test('A set leads to no server: nginx only learns that its name is one', () => {
  expect(build('good http a:1 127.0.0.1:1 /mcp - -\nteam set').status).toBe(0);
  const routes = readFileSync(join(folder, 'routes.conf'), 'utf8');
  expect(routes).toMatch(/map "\$mcp_server\/" \$mcp_set \{\n {2}default "";\n {2}"team\/" "team";\n\}/);
  expect(routes.match(/team/g)).toHaveLength(2);
});

const odd: [what: string, upstream: string, transports: ServerEntry['transports']][] = [
  ['a port', 'http://127.0.0.1:8000', { 'streamable-http': '/mcp', sse: '/sse' }],
  ['the port that its scheme has anyway', 'https://MCP.example.com:443', { 'streamable-http': '/v1/mcp/' }],
  ['an IPv6 address', 'http://[2001:DB8::0:7]:8000', { 'streamable-http': '/' }],
  ['a query', 'https://mcp.example.com', { 'streamable-http': '/@a/b%2Fc?profile=a-b&config=eyJ=' }],
  ['SSE only', 'https://mcp.example.com', { sse: '/sse' }],
];

// Each compares it as a whole: another spelling would end every account.
test.each(odd)(
  'nginx, the relay and the registry write the address of a server with %s as the same text',
  (_, url, transports) => {
    const server = { name: 'a', title: '', description: '', tags: [], upstream: origin.parse(url), transports };
    const lines = [
      toRouteLine({ ...server, auth: { account: 'notion', checks: 'ours' } }, ['192.0.2.1:1'], [], ['X-API-Key']),
      toRouteLine({ ...server, name: 'b', auth: { secret: 'notion' } }, ['192.0.2.1:1']),
    ];
    expect(lines[0]).toMatch(/ account:notion$/);
    expect(build(lines.join('\n')).status).toBe(0);
    const maps = readFileSync(join(folder, 'routes.conf'), 'utf8');
    const address = addressOf(server);
    expect(parseServerAddress(address)?.origin).toBe(server.upstream);
    expect(mapIn(maps, 'mcp_address')).toBe(`"a/" "${address}";`);
    expect(mapIn(maps, 'mcp_account')).toBe('"a/" "notion";');
    expect(mapIn(maps, 'mcp_secret')).toBe('"b/" "notion";');
    const routes = watchRoutes(join(folder, 'routes'), undefined, recordingLog().log);
    expect(routes.of('a')?.address).toBe(address);
    routes.stop();
  },
);

/** What a map of nginx holds besides its default. */
function mapIn(text: string, name: string): string | undefined {
  return new RegExp(`\\$${name} \\{\n  default "";\n([^}]*)\\}`).exec(text)?.[1]?.trim();
}

// Node and uvicorn close one after five seconds, gunicorn after two. A call that nginx sends meanwhile would get 502.
test('nginx closes an idle connection to a server before the server does', () => {
  expect(build('x http a:1 127.0.0.1:1 /mcp - -').status).toBe(0);
  const text = readFileSync(join(folder, 'routes.conf'), 'utf8');
  expect(text).toContain('upstream mcp_x { server 127.0.0.1:1 max_fails=0; keepalive 32; keepalive_timeout 1s; }');
});
