import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../../../common/service/log.ts';
import { ConfigError } from '../../../../common/text/config-error.ts';
import type { AccountEntry } from '../../../../common/upstream-secrets/account-entry.ts';
import { parseSecrets } from '../../../../common/upstream-secrets/secrets-file.ts';
import { coversServer, parseServerAddress, serverAddress } from '../../../../common/upstream-secrets/server-address.ts';
import { watchUpstreamSecrets } from '../../../../common/upstream-secrets/watch.ts';

const secret = 'S3cretS3cretS3cret';
const entry = (account: string, more = 'for: [https://mcp.example.com/mcp]') =>
  `notion: { account: { ${account} }, ${more} }`;
const parsed = (account: string, more?: string) => parseSecrets(entry(account, more)).accounts[0] as AccountEntry;
const faultsOf = (text: string): readonly string[] => {
  try {
    parseSecrets(text);
    return [];
  } catch (error) {
    return (error as ConfigError).faults;
  }
};
const client = `client_id: x, client_secret: { value: ${secret} }`;
const endpoints = 'authorization_endpoint: "https://p.example/a?prompt=consent", token_endpoint: https://p.example/t';

test('An entry can be discovered, discovered with a fixed client, or static', () => {
  expect(parsed('issuer: https://p.example')).toMatchObject({
    title: 'notion',
    issuer: 'https://p.example',
    endpoints: undefined,
    client: undefined,
    scopes: [],
    resource: true,
  });
  expect(parsed(`issuer: https://p.example, ${client}, scopes: [offline_access]`).client).toEqual({
    id: 'x',
    secret: { value: secret },
    authentication: 'basic',
  });
  const named = 'account_name: { url: https://p.example/me, field: login }, title: GitHub';
  expect(parsed(`${endpoints}, client_id: x, resource: false, ${named}`)).toMatchObject({
    title: 'GitHub',
    issuer: undefined,
    endpoints: { authorization: 'https://p.example/a?prompt=consent', token: 'https://p.example/t' },
    client: { secret: undefined, authentication: 'none' },
    resource: false,
    accountName: { url: 'https://p.example/me', field: 'login' },
  });
});

test('Entries with accounts stand beside entries with headers', () => {
  const both = `${entry('issuer: https://p.example')}\nother: { for: [https://x.example], value: abc }`;
  const { secrets, accounts } = parseSecrets(both);
  expect([secrets.map(({ name }) => name), accounts.map(({ name }) => name)]).toEqual([['other'], ['notion']]);
});

test.each([
  ['no issuer', entry('title: x'), /account\.issuer: is needed/],
  ['an issuer with plain http', entry('issuer: http://p.example'), /issuer: must be an https address/],
  ['an issuer with a query', entry('issuer: "https://p.example/?a=b"'), /must have no query/],
  ['one endpoint', entry('token_endpoint: https://p.example, client_id: x'), /authorization_endpoint: is needed/],
  ['no client of a static entry', entry(endpoints), /client_id: is needed/],
  ['a secret without client', entry(`issuer: https://p.example, client_secret: { value: ${secret} }`), /client_id/],
  [
    'two sources',
    entry(`issuer: https://p.example, client_id: x, client_secret: { value: ${secret}, env: X }`),
    /one of/,
  ],
  [
    'a placeholder',
    entry('issuer: https://p.example, client_id: x, client_secret: { value: changeme }'),
    /example value/,
  ],
  ['a secret that is not used', entry(`issuer: https://p.example, ${client}, client_authentication: none`), /is none/],
  [
    'no secret to show',
    entry('issuer: https://p.example, client_id: x, client_authentication: post'),
    /authenticate with/,
  ],
  ['a scope with a space', entry('issuer: https://p.example, scopes: ["a b"]'), /scopes\[0\]: must be a scope/],
  [
    'headers, too',
    entry('issuer: https://p.example', `for: [https://a.example/m], value: ${secret}`),
    /none of for, servers/,
  ],
  ['an unknown field', entry(`issuer: https://p.example, secret: ${secret}`), /none of issuer/],
  ['an origin alone', entry('issuer: https://p.example', 'for: [https://a.example]'), /must have a path/],
  ['a path of dots', entry('issuer: https://p.example', 'for: [https://a.example/x/../mcp]'), /plain path/],
  ['an encoded slash', entry('issuer: https://p.example', 'for: [https://a.example/x%2fmcp]'), /plain path/],
  ['a query', entry('issuer: https://p.example', 'for: ["https://a.example/x?y"]'), /address with a path/],
])('An entry with %s is refused, and no fault holds anything of a secret', (_what, file, expected) => {
  const faults = faultsOf(file);
  expect(faults.join('\n')).toMatch(expected);
  expect(faults.join('\n')).not.toContain(secret);
});

test('Several faults are reported at once, each at its line', () => {
  const file = `a: { account: { title: x }, for: [https://a.example] }\nb: { account: { issuer: ftp://x }, for: [] }`;
  expect(faultsOf(file)).toEqual([
    expect.stringMatching(/^line 1: a\.for\[0\]: /),
    expect.stringMatching(/^line 1: a\.account\.issuer: /),
    expect.stringMatching(/^line 2: b\.for: must not be empty/),
    expect.stringMatching(/^line 2: b\.account\.issuer: /),
  ]);
});

test.each([
  ['https://a.example/mcp -', true],
  ['https://a.example/mcp /mcp/sse', true],
  ['https://a.example- /mcp/sse', true],
  ['https://a.example/mcp/x -', true],
  ['https://a.example/mcp /sse', false],
  ['https://a.example/mcpx -', false],
  ['https://a.example/MCP -', false],
  ['https://a.example:444/mcp -', false],
  ['http://a.example/mcp -', false],
  ['https://a.example.evil.example/mcp -', false],
  ['https://a.example@evil.example/mcp -', false],
  ['https://a.example/mcp/../other -', false],
  ['https://a.example/mcp/%2e%2e/other -', false],
  ['https://a.example/mcp%2fother -', false],
  ['https://a.example/mcp\\..\\other -', false],
  ['https://a.example- -', false],
  ['https://a.example/mcp', false],
  ['', false],
])('Whether a prefix covers the whole address %j: %s', (address, expected) => {
  expect(coversServer(['https://a.example/mcp', 'https://b.example/'], address)).toBe(expected);
});

test('An address is one text from which its parts can be read', () => {
  for (const location of [
    { origin: 'https://a.example', mcp: '/mcp', sse: undefined },
    { origin: 'http://127.0.0.1:9', mcp: undefined, sse: '/-' },
    { origin: 'https://a-', mcp: undefined, sse: '/sse' },
    { origin: 'https://[::1]:9', mcp: '/a/b?c=d', sse: '/sse' },
  ])
    expect(parseServerAddress(serverAddress(location))).toEqual(location);
});

describe('A watched file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'accounts-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'secrets.yml');
  const log = createLog('test', 'silent');
  const read = async (text: string, env: NodeJS.ProcessEnv = {}) => {
    writeFileSync(path, text, { mode: 0o600 });
    const watched = await watchUpstreamSecrets({ path, env, log });
    watched.stop();
    return watched;
  };
  const at = { server: 'notion', address: 'https://mcp.example.com/mcp -' };
  const fixed = 'issuer: https://p.example, client_id: x, client_secret: { env: NOTION }';

  test('gives a provider to the servers of its entry only, with its secret', async () => {
    const more = 'for: [https://mcp.example.com/mcp], servers: [notion]';
    const watched = await read(entry(fixed, more), { NOTION: secret });
    expect(watched.account('notion', at)?.clientSecret).toBe(secret);
    expect(watched.account('notion', { ...at, server: 'other' })).toBeUndefined();
    expect(watched.account('notion', { ...at, address: 'https://mcp.example.com/other -' })).toBeUndefined();
    expect(watched.account('other', at)).toBeUndefined();
    expect(watched.find('notion', { server: 'notion', origin: 'https://mcp.example.com' })).toBeUndefined();
  });

  test('changes the identity of an entry with its issuer, client and prefixes, and with nothing else', async () => {
    const identity = async (account: string, more?: string) =>
      (await read(entry(account, more), { NOTION: secret, NEW: 'abc' })).accounts().get('notion')?.identity;
    const before = await identity(fixed);
    expect(await identity(fixed.replace('NOTION', 'NEW'))).toBe(before);
    expect(await identity(`${fixed}, scopes: [a], title: Other`)).toBe(before);
    expect(await identity(fixed.replace('p.example', 'q.example'))).not.toBe(before);
    expect(await identity(fixed.replace('client_id: x', 'client_id: y'))).not.toBe(before);
    expect(await identity(fixed, 'for: [https://mcp.example.com/mcp, https://b.example/x]')).not.toBe(before);
  });

  test.each([
    ['is missing', {}, /notion\.account\.client_secret\.env: there is no such/],
    ['has two lines', { NOTION: `${secret}\nX` }, /client_secret\.env: must be one line/],
  ])('is refused if a secret %s, without a word of it', async (_what, env, expected) => {
    const refused = await read(entry(fixed), env).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConfigError);
    expect((refused as ConfigError).message).toMatch(expected);
    expect((refused as ConfigError).message).not.toContain(secret);
  });
});
