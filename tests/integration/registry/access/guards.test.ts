import { generateKeyPair } from 'jose';
import {
  admin,
  publicUrl,
  recordingLog,
  type Shape,
  signer,
  startRegistry,
} from '../../../support/registry/registry-fixture.ts';

let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeAll(async () => {
  registry = await startRegistry(signer.keys);
});
afterAll(() => registry.close());

const ask = (path: string, headers: Record<string, string> = {}) => fetch(registry.url + path, { headers });
const asking = async (path: string, claims: object = admin, shape: Shape = {}) =>
  ask(path, { 'X-Mcp-Assertion': await signer.sign(claims, shape) });

const unsigned = (claims: object): string => {
  const now = Math.floor(Date.now() / 1000);
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = { ...claims, iss: publicUrl, aud: `${publicUrl}/#registry`, iat: now, exp: now + 60 };
  return `${encode({ alg: 'none' })}.${encode(payload)}.`;
};

describe('A request is rejected with 401', () => {
  const refusals: [string, () => Promise<Record<string, string>>][] = [
    ['it has no identity', async () => ({})],
    [
      'only plain identity headers name the caller',
      async () => ({
        'X-User': 'alice',
        'X-Username': 'alice',
        'X-Groups': 'mcp-registry-admin',
        'X-Scopes': 'mcp-registry-admin',
      }),
    ],
    ['the assertion is not a token', async () => ({ 'X-Mcp-Assertion': 'alice' })],
    [
      'its type is that of an access token',
      async () => ({ 'X-Mcp-Assertion': await signer.sign(admin, { typ: 'at+jwt' }) }),
    ],
    ['the token comes as a bearer', async () => ({ Authorization: `Bearer ${await signer.sign(admin)}` })],
    [
      'two assertions come',
      async () => ({ 'X-Mcp-Assertion': `${await signer.sign(admin)}, ${await signer.sign(admin)}` }),
    ],
    ['the token is not signed', async () => ({ 'X-Mcp-Assertion': unsigned(admin) })],
    [
      'the token is signed with HS256 by the text of the public key',
      async () => ({
        'X-Mcp-Assertion': await signer.sign(admin, { alg: 'HS256' }, Buffer.from(JSON.stringify(signer.jwk))),
      }),
    ],
    [
      "another key signed under our key's id",
      async () => {
        const other = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
        return { 'X-Mcp-Assertion': await signer.sign(admin, {}, other.privateKey) };
      },
    ],
    ['the key id is unknown', async () => ({ 'X-Mcp-Assertion': await signer.sign(admin, { kid: 'other' }) })],
    [
      'another gateway issued it',
      async () => ({ 'X-Mcp-Assertion': await signer.sign(admin, { issuer: 'http://evil.example' }) }),
    ],
    [
      'it was made for an MCP server',
      async () => ({ 'X-Mcp-Assertion': await signer.sign(admin, { audience: `${publicUrl}/currenttime` }) }),
    ],
    [
      'it was made for several audiences',
      async () => ({
        'X-Mcp-Assertion': await signer.sign(admin, {
          audience: [`${publicUrl}/#registry`, `${publicUrl}/currenttime`],
        }),
      }),
    ],
    ['it has expired', async () => ({ 'X-Mcp-Assertion': await signer.sign(admin, { issued: -90, expires: -10 }) })],
    ['it lives longer than 120 s', async () => ({ 'X-Mcp-Assertion': await signer.sign(admin, { expires: 121 }) })],
    [
      'it lived long before it came and ends soon',
      async () => ({ 'X-Mcp-Assertion': await signer.sign(admin, { issued: -3600, expires: 60 }) }),
    ],
    [
      'it was issued in the future so as to look short-lived',
      async () => ({ 'X-Mcp-Assertion': await signer.sign(admin, { issued: 3600, expires: 3660 }) }),
    ],
    ['it names no subject', async () => ({ 'X-Mcp-Assertion': await signer.sign({ ...admin, sub: undefined }) })],
    ['its subject is empty', async () => ({ 'X-Mcp-Assertion': await signer.sign({ ...admin, sub: '' }) })],
    ['it has no scopes', async () => ({ 'X-Mcp-Assertion': await signer.sign({ ...admin, scopes: undefined }) })],
    [
      'its scopes are text instead of a list',
      async () => ({ 'X-Mcp-Assertion': await signer.sign({ ...admin, scopes: 'mcp-registry-admin' }) }),
    ],
    [
      'its way of signing in is unknown',
      async () => ({ 'X-Mcp-Assertion': await signer.sign({ ...admin, auth_method: 'basic' }) }),
    ],
  ];

  test.each(refusals)('when %s', async (_why, headers) => {
    for (const path of [
      '/',
      '/servers/currenttime',
      '/static/design.css',
      '/-/palette',
      '/api/servers',
      '/api/me',
      '/nowhere',
      '/api/nowhere',
    ]) {
      const answer = await ask(path, await headers());
      expect([path, answer.status]).toEqual([path, 401]);
      expect(await answer.json()).toEqual({ error: { code: 'identity_required', message: expect.any(String) } });
    }
  });
});

test('A valid assertion opens pages and API', async () => {
  for (const path of ['/', '/servers/currenttime', '/static/design.css', '/api/servers', '/api/me'])
    expect([path, (await asking(path)).status]).toEqual([path, 200]);
});

test('An assertion made for mcpgw opens the API for its caller, and no page or file, in any spelling of the path', async () => {
  const audience = `${publicUrl}/mcpgw`;
  expect((await asking('/api/servers', admin, { audience })).status).toBe(200);
  expect((await asking('/api/me', admin, { audience })).status).toBe(200);
  for (const path of [
    '/',
    '/servers/currenttime',
    '/static/design.css',
    '/-/palette',
    '/API/me',
    '/apis',
    '/api%2Fme',
    '//api/me',
  ])
    expect([path, (await asking(path, admin, { audience })).status]).toEqual([path, 401]);
});

test('A browser without an identity gets a page that names the gateway', async () => {
  const answer = await ask('/', { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
  expect(answer.status).toBe(401);
  expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
  expect(await answer.text()).toContain(`<a href="${publicUrl}/">`);
});

test('/health needs no identity and reveals only that the registry runs', async () => {
  const answer = await ask('/health');
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }]);
});

test('An unreadable key set is a 503, not a bad login', async () => {
  const down = await startRegistry(async () => {
    throw new TypeError('fetch failed');
  });
  try {
    const answer = await fetch(`${down.url}/api/me`, { headers: { 'X-Mcp-Assertion': await signer.sign(admin) } });
    expect(answer.status).toBe(503);
    expect((await answer.json()) as unknown).toMatchObject({ error: { code: 'identity_unavailable' } });
  } finally {
    await down.close();
  }
});

test('A rejected assertion is logged with its reason, never with its text', async () => {
  const { log, lines } = recordingLog();
  const own = await startRegistry(signer.keys, { log });
  try {
    const assertion = await signer.sign(admin, { issuer: 'http://evil.example' });
    await fetch(`${own.url}/api/me`, { headers: { 'X-Mcp-Assertion': assertion } });
    const written = lines.join('');
    expect(written).toContain('unexpected \\"iss\\" claim value');
    for (const part of assertion.split('.')) expect(written).not.toContain(part);
  } finally {
    await own.close();
  }
});
