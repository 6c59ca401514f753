import { readFileSync } from 'node:fs';
import { forwardedHeaders, headerFault, parameterHeaders } from '../../../../registry/servers/header-names.ts';

const gate = (file: string) => readFileSync(new URL(`../../../../nginx/gate/${file}`, import.meta.url), 'utf8');
const set = ['upstream-request.conf', 'identity.conf', 'validate.conf', 'validate-common.conf'].flatMap((file) =>
  [...gate(file).matchAll(/^\s*proxy_set_header (\S+) /gm)].map(([, name]) => String(name)),
);

test('There are headers that the gateway sets', () => {
  expect(set.length).toBeGreaterThan(35);
});

test.each([
  ...set,
  ...`Cookie Proxy-Authorization Transfer-Encoding TE Keep-Alive Expect Content-Length X-Forwarded-Client-Cert Client-Cert
  Impersonate-User X-Remote-Group X-Ms-Client-Principal-Id Cf-Access-Jwt-Assertion X-Consumer-Username X-Authentik-Groups
  Metadata-Flavor X-Github-Token X-Vault-Token X-Accel-Redirect Mcp-Anything Mcp-Param Mcp-Param- X-Real-IP X-User-Email`.split(
    /\s+/,
  ),
])('%s cannot be forwarded, in any case', (name) => {
  for (const each of [name, name.toLowerCase(), name.toUpperCase()]) expect(headerFault(each)).toMatch(/./);
});

test.each([
  'X-MCP-Toolsets',
  'X-MCP-Readonly',
  'X-Atlassian-Jira-Url',
  'X-Region',
  'Mcp-Param-Region',
  'mcp-param-user',
])('%s can be forwarded', (name) => {
  expect(headerFault(name)).toBeUndefined();
});

test.each(['', ' ', '-', '-x', 'a b', 'a_b', 'a:b', 'a;b', 'a\nb', 'ä', '$x', 'a'.repeat(65)])(
  '%j is no name of a header',
  (name) => {
    expect(headerFault(name)).toMatch(/^must be/);
  },
);

test('A name with an underscore is refused with the reason, because nginx would drop it', () => {
  for (const name of ['X_Own_Header', 'x_user', 'X-Mixed_Name']) expect(headerFault(name)).toContain('underscore');
});

describe("The headers of a tool's parameters", () => {
  const declared = (header: unknown, more: object = {}) => ({ type: 'string', 'x-mcp-header': header, ...more });

  test('are those of properties at any level, sorted', () => {
    const deep = { type: 'object', properties: { zone: declared('Zone') } };
    expect(parameterHeaders({ properties: { region: declared('Region'), deep } })).toEqual([
      'Mcp-Param-Region',
      'Mcp-Param-Zone',
    ]);
  });

  test('are not those under items, alternatives or references, which the specification forbids', () => {
    const region = { properties: { region: declared('Region') } };
    expect(parameterHeaders({ items: region, oneOf: [region], $defs: { region } })).toEqual([]);
  });

  test.each([1, null, {}, '', 'a b', 'a;b', 'a_b', 'a\nb', 'ü', 'x'.repeat(60)])('are never made of %j', (header) => {
    expect(parameterHeaders({ properties: { region: declared(header) } })).toEqual([]);
  });

  test('are at most 16, of any number and depth of properties', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`p${i}`, declared(`P${i}`)]));
    expect(parameterHeaders({ properties: many })).toHaveLength(16);
    let deep: object = declared('Deep');
    for (let i = 0; i < 10_000; i++) deep = { properties: { deep } };
    expect(parameterHeaders(deep)).toEqual([]);
  });

  test.each([undefined, null, 'x', [], { properties: 3 }, { properties: { a: null } }])(
    'of the schema %j are none',
    (schema) => {
      expect(parameterHeaders(schema)).toEqual([]);
    },
  );
});

test("A route has the entry's names first, each name once in any case, and at most 16", () => {
  expect(forwardedHeaders(['X-B', 'X-A'], ['Mcp-Param-Z', 'x-a', 'Mcp-Param-A', 'Cookie'])).toEqual([
    'X-B',
    'X-A',
    'Mcp-Param-A',
    'Mcp-Param-Z',
  ]);
  expect(
    forwardedHeaders(
      ['X-B'],
      Array.from({ length: 40 }, (_, i) => `Mcp-Param-${i}`),
    ),
  ).toHaveLength(16);
});
