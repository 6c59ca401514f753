import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

// Node and uvicorn close one after five seconds, gunicorn after two. A call that nginx sends meanwhile would get 502.
test('nginx closes an idle connection to a server before the server does', () => {
  expect(build('x http a:1 127.0.0.1:1 /mcp - -').status).toBe(0);
  const text = readFileSync(join(folder, 'routes.conf'), 'utf8');
  expect(text).toContain('upstream mcp_x { server 127.0.0.1:1 max_fails=0; keepalive 16; keepalive_timeout 1s; }');
});
