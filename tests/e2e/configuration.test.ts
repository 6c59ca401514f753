import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reservedNames } from '../../policy/names.ts';

const folder = join(import.meta.dirname, '../../nginx');
const read = (name: string) => readFileSync(join(folder, name), 'utf8').replace(/^\s*#.*$/gm, '');
const files = ['gateway.conf.template', ...readdirSync(join(folder, 'gate')).map((name) => `gate/${name}`)];
const everything = files.map(read).join('\n');

/** The text of a block, from its first brace to the one that closes it. */
function block(start: string): string {
  const from = everything.indexOf(start);
  expect(from).toBeGreaterThanOrEqual(0);
  const open = everything.indexOf('{\n', from);
  return everything.slice(open, everything.indexOf('\n}', open));
}

test('The location that reads the body never returns 403, 404 or 405, which would jump to the gate', () => {
  const reading = block(`${String(/^location ~ .*$/m.exec(read('gate/mcp.conf')))}\n  include gate/cors.conf`);
  expect(reading).toContain('mirror ');
  expect(reading).not.toMatch(/return (403|404|405)/);
  expect(reading).not.toMatch(/proxy_pass/);
});

test('Requests for MCP servers are proxied in one place only, and only the gate leads there', () => {
  expect(everything.match(/proxy_pass \$/g)).toHaveLength(1);
  expect(read('gate/upstream.conf')).toContain('proxy_pass $mcp_pass');
  const scripts = ['render', 'reload', 'start'].map(read).join('\n');
  const included = [...`${everything}\n${scripts}`.matchAll(/(\S+ \{) include gate\/upstream.conf;/g)];
  expect(included.map(([, location]) => location)).toEqual(['@upstream {', '@upstream_%s {']);
  expect(everything.match(/\$mcp_location/g)).toHaveLength(1);
  expect(block('location @gate {')).toMatch(/auth_request \/validate;[\s\S]*try_files \/nothing \$mcp_location;/);
});

test('Each answer of a server is checked before nginx passes it on', () => {
  expect(read('gate/upstream.conf')).toContain('include gate/upstream-response.conf;');
  expect(read('gate/upstream-response.conf')).toContain('js_header_filter answers.check;');
});

test('No error page leads to a location that proxies, except from reading the body to the gate', () => {
  const targets = [...everything.matchAll(/error_page [\d ]+=? ?(\S+);/g)].map(([, target]) => String(target));
  expect(new Set(targets).has('@upstream')).toBe(false);
  for (const target of new Set(targets)) {
    if (target === '@gate') continue;
    const start = everything.indexOf(target.startsWith('@') ? `location ${target}` : `location = ${target}`);
    expect({ target, start: start >= 0 }).toEqual({ target, start: true });
    const text = everything.slice(start, everything.indexOf('location', start + 10));
    expect(text).not.toContain('proxy_pass');
  }
  const pages = [...everything.matchAll(/rewrite \^ (\/-\/[a-z-]+) last;/g)].map(([, page]) => String(page));
  expect(new Set(pages)).toEqual(new Set(pages.filter((page) => everything.includes(`location = ${page} {`))));
  expect(pages).toContain('/-/given-back');
  for (const page of pages) expect(block(`location = ${page} {`)).not.toContain('proxy_pass');
  expect([...everything.matchAll(/error_page ([\d ]+)= @gate;/g)].map(([, codes]) => codes)).toEqual(['403 404 405 ']);
});

test('Nothing loosens the gate: no `satisfy any`, no `auth_request off`, no allow or deny', () => {
  expect(everything).not.toMatch(/satisfy|auth_request off|\b(allow|deny) /);
});

test('Header names with an underscore are dropped', () => {
  expect(everything.match(/underscores_in_headers .*;/g)).toEqual(['underscores_in_headers off;']);
});

test('Every first path segment that nginx answers itself is a reserved server name', () => {
  const segments = [...everything.matchAll(/location (?:=|\^~) \/([a-z0-9.-]+)/g)].map(([, name]) => String(name));
  const asServer = segments.filter((name) => /^[a-z0-9][a-z0-9_-]*$/.test(name));
  expect(asServer).toEqual(expect.arrayContaining(['login', 'oauth2', 'health', 'api', 'servers', 'static', 'v0']));
  const internal = ['validate-registry', 'mirror-nothing'];
  expect(asServer.filter((name) => !reservedNames.has(name) && !internal.includes(name))).toEqual([]);
});
