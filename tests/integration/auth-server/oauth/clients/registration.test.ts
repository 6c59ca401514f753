import { randomBytes } from 'node:crypto';
import express from 'express';
import { clientDigest } from '../../../../../auth-server/oauth/clients/client.ts';
import { type ClientsDeps, createClients } from '../../../../../auth-server/oauth/clients/clients.ts';
import { registrationRoute } from '../../../../../auth-server/oauth/clients/register-route.ts';
import { createSignedIds } from '../../../../../auth-server/oauth/clients/registration.ts';
import { openStore } from '../../../../../auth-server/store/store.ts';
import { createLog } from '../../../../../common/service/log.ts';
import { documentsWith, realRegistrations } from '../../../../support/auth-server/oauth-clients.ts';
import { useClock } from '../../../../support/clock.ts';
import { listen } from '../../../../support/listen.ts';
import { bothDatabases } from '../../../../support/postgres/both-databases.ts';

const clock = useClock();
const key = randomBytes(32);
const clientsWith = (change: Partial<ClientsDeps> = {}) =>
  createClients({
    allowed: 'any',
    signedIds: createSignedIds(key),
    documents: documentsWith().documents,
    configured: new Set(['2cliclient0000000000000000']),
    ...change,
  });
const clients = clientsWith();

async function serve(change: Partial<ClientsDeps> = {}) {
  const lines: string[] = [];
  const log = createLog('auth-server', 'debug', { write: (line) => void lines.push(line) });
  const { port, close } = await listen(express().use(registrationRoute({ clients: clientsWith(change), log })));
  const url = `http://127.0.0.1:${port}/oauth2/register`;
  return { url, lines, close };
}
const server = await serve();
afterAll(server.close);
const json = { 'content-type': 'application/json' };
const post = (body: unknown, headers: Record<string, string> = json, url = server.url) =>
  fetch(url, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
const bodyOf = (response: Response) => response.json() as Promise<Record<string, string>>;
const callback = 'http://127.0.0.1/callback';

describe('POST /oauth2/register', () => {
  test.each(realRegistrations)('registers %s as a public client', async (_client, body, { name, redirectUris }) => {
    const response = await post(body);
    expect(response.status).toBe(201);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { client_id: id, client_id_issued_at: at, ...answer } = await bodyOf(response);
    expect(answer).toEqual({
      ...(name !== undefined && { client_name: name }),
      redirect_uris: redirectUris,
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    });
    expect(at).toEqual(expect.any(Number));
    expect(id).toMatch(/^[\w.-]{100,600}$/);
    expect(await clients.find(id ?? '')).toEqual({ id, name, redirectUris, kind: 'registered' });
  });

  test.each([
    'http://evil.example/callback',
    'https://client.example/callback#fragment',
    'https://alice@client.example/callback',
    'https://client.example/a/../callback',
    'https://client.example/%2e%2e/callback',
    'https://client.example\\callback',
    'https://localhost/callback',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'ms-msdt:/id',
    'intent://x',
    'urn:ietf:wg:oauth:2.0:oob',
    'callback',
    'https://client.example/\u202ecallback',
  ])('refuses the redirect address %s, also beside a good one', async (uri) => {
    for (const redirect_uris of [[uri], [callback, uri]]) {
      const response = await post({ redirect_uris });
      expect(response.status).toBe(400);
      const { error, error_description: text } = await bodyOf(response);
      expect(error).toBe('invalid_redirect_uri');
      expect(text).toMatch(/^[A-Z][ -~]+$/);
    }
  });

  test.each<[string, unknown, string]>([
    ['no redirect addresses', {}, 'invalid_redirect_uri'],
    ['an empty list of them', { redirect_uris: [] }, 'invalid_redirect_uri'],
    ['one that is not in a list', { redirect_uris: callback }, 'invalid_redirect_uri'],
    ['eleven of them', { redirect_uris: Array(11).fill(callback) }, 'invalid_redirect_uri'],
    ['an object among them', { redirect_uris: [{ uri: callback }] }, 'invalid_redirect_uri'],
    [
      'more than fit into an id',
      { redirect_uris: Array.from({ length: 10 }, (_, n) => `https://c.example/${n}${'a'.repeat(400)}`) },
      'invalid_redirect_uri',
    ],
    ['a list', [], 'invalid_client_metadata'],
    ['no JSON', 'redirect_uris=x', 'invalid_client_metadata'],
    ['half of a JSON object', '{"redirect_uris":[', 'invalid_client_metadata'],
    ['a text', '"x"', 'invalid_client_metadata'],
    ['null', 'null', 'invalid_client_metadata'],
  ])('refuses a body with %s', async (_what, body, error) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await bodyOf(response)).toMatchObject({ error });
  });

  test('refuses a body of more than 8 kB, and one that is compressed', async () => {
    const long = await post({ redirect_uris: [callback], x: 'a'.repeat(8_192) });
    expect([long.status, (await bodyOf(long)).error]).toEqual([413, 'invalid_client_metadata']);
    const packed = await post('x', { ...json, 'content-encoding': 'gzip' });
    expect([packed.status, (await bodyOf(packed)).error]).toEqual([415, 'invalid_client_metadata']);
  });

  test('takes a body without a content type, and drops what acts in a name', async () => {
    const name = `  Cla\u0000ude\u202e \n\u200bCode ${'x'.repeat(200)}`;
    const response = await post({ client_name: name, redirect_uris: [callback] }, { 'content-type': '' });
    expect((await bodyOf(response)).client_name).toMatch(/^Claude Code x{88}$/);
    for (const client_name of ['', '\u200b', 17, ['x'], { a: 1 }])
      expect(await (await post({ client_name, redirect_uris: [callback] })).json()).not.toHaveProperty('client_name');
  });

  test('may be asked by pages of any origin, without credentials', async () => {
    const preflight = await fetch(server.url, { method: 'OPTIONS', headers: { origin: 'https://inspector.example' } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/content-type.*mcp-protocol-version/i);
    const answers = [preflight, await post({ redirect_uris: [callback] }), await post('x')];
    for (const { headers } of answers) {
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  test('is there under its own path and method only', async () => {
    const { url } = server;
    const others = [await fetch(url), await post({}, json, `${url}/`), await post({}, json, url.toUpperCase())];
    expect(others.map(({ status }) => status)).toEqual([404, 404, 404]);
  });

  test('bounds the registrations of one address, and of no other', async () => {
    const { url, close } = await serve();
    const from = (address: string) => post({ redirect_uris: [callback] }, { ...json, 'x-real-ip': address }, url);
    const statuses = new Set<number>();
    for (let n = 0; n < 120; n++) statuses.add((await from('192.0.2.1')).status);
    expect([...statuses]).toEqual([201]);
    const refused = await from('192.0.2.1');
    expect([refused.status, (await bodyOf(refused)).error]).toEqual([429, 'temporarily_unavailable']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await from('192.0.2.2')).status).toBe(201);
    await close();
  });

  test('keeps a fault of the gateway apart from faults of the client', async () => {
    const broken = { issue: () => Promise.reject(new Error('no key')), read: async () => undefined };
    const { url, lines, close } = await serve({ signedIds: broken });
    const response = await post({ redirect_uris: [callback] }, json, url);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await bodyOf(response)).error).toBe('temporarily_unavailable');
    expect(lines.join('')).toContain('no key');
    await close();
  });
});

describe('OAUTH_CLIENTS', () => {
  const document = 'https://claude.ai/oauth/client';
  const described = { ...documentsWith().documents, find: async (id: string) => clientOf(id) };
  const clientOf = (id: string) => ({ id, name: 'Claude', redirectUris: [callback], kind: 'document' as const });

  test.each([
    ['any', [true, true, true], { registration: true, documents: true }, 201],
    ['known', [false, true, true], { registration: false, documents: true }, 403],
    ['off', [false, false, false], undefined, 403],
  ] as const)(
    '%s decides who is known, what is offered and who may register',
    async (allowed, known, offers, status) => {
      const { client_id: id } = await clients.register({ redirect_uris: [callback] });
      const documents = { ...described, reachable: async () => true };
      const some = clientsWith({ allowed, documents });
      const found = await Promise.all([some.find(id), some.find(document), some.find('2cliclient0000000000000000')]);
      expect(found.map(Boolean)).toEqual(known);
      expect(await some.offers()).toEqual(offers);
      const { url, close } = await serve({ allowed });
      const response = await post({ redirect_uris: [callback] }, json, url);
      expect(response.status).toBe(status);
      if (status === 403) expect((await bodyOf(response)).error).toBe('access_denied');
      await close();
    },
  );

  test('offers no documents where their hosts cannot be reached', async () => {
    expect(await clients.offers()).toEqual({ registration: true, documents: false });
  });
});

describe('A client id', () => {
  test('is good for ever, in each process with the key of the store, and nowhere else', async () => {
    const { client_id: id } = await clients.register({ client_name: 'One', redirect_uris: [callback] });
    clock.advance(10 * 365 * 86_400);
    expect(await clients.find(id)).toMatchObject({ name: 'One', kind: 'registered' });
    const other = createSignedIds(randomBytes(32));
    expect(await other.read(id)).toBeUndefined();
  });

  test('is not the same for two programs that register alike at the same moment', async () => {
    const body = { client_name: 'Claude Code', redirect_uris: [callback] };
    const ids = await Promise.all([clients.register(body), clients.register(body)]);
    expect(new Set(ids.map(({ client_id: id }) => clientDigest(id))).size).toBe(2);
  });

  test('cannot be made or changed by a client', async () => {
    const { client_id: id } = await clients.register({ redirect_uris: [callback] });
    const [head, body, signature] = id.split('.');
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const evil = encoded({ r: ['https://evil.example/cb'] });
    const forged = [
      `${head}.${evil}.${signature}`,
      `${encoded({ alg: 'none', typ: 'client' })}.${evil}.`,
      `${encoded({ alg: 'HS256', typ: 'JWT' })}.${body}.${signature}`,
      `${id}x`,
      id.slice(0, -1),
      `${id}${' '.repeat(2_000)}`,
      'eyJ',
      '',
      'toString',
    ];
    for (const each of forged) expect(await clients.find(each)).toBeUndefined();
  });

  test('is 22 characters in logs and tokens, and the address of a document stays as it is', async () => {
    const { client_id: id } = await clients.register({ redirect_uris: [callback] });
    expect(clientDigest(id)).toMatch(/^[\w-]{22}$/);
    expect(clientDigest('https://claude.ai/x')).toBe('https://claude.ai/x');
  });
});

describe.each(bothDatabases('.'))('The secrets of the store, over %s,', (_kind, places) => {
  test('are the same after a restart and in a second process, and different for each purpose', async () => {
    const where = await places.empty();
    const stores = [await openStore(where), await openStore(where)];
    const all = await Promise.all(stores.map(({ secrets }) => secrets.get('client-registrations')));
    const other = await stores[0]?.secrets.get('refresh-tokens');
    for (const store of stores) await store.close();
    const again = await openStore(where);
    const after = await again.secrets.get('client-registrations');
    await again.close();
    expect(new Set([...all, after].map((value) => Buffer.from(value).toString('hex'))).size).toBe(1);
    expect(after).toHaveLength(32);
    expect(other).not.toEqual(after);
  });
});
