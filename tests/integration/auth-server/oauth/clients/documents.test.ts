import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import {
  createDocumentFetch,
  type DocumentFetchOptions,
} from '../../../../../auth-server/oauth/clients/document-fetch.ts';
import { openClients } from '../../../../../auth-server/oauth/clients/open-clients.ts';
import { createReachable } from '../../../../../auth-server/oauth/clients/reachable.ts';
import { createDocumentStore } from '../../../../../auth-server/oauth/store/documents.ts';
import { openOAuthStore } from '../../../../../auth-server/oauth/store/store.ts';
import { createAddressCheck, parseCidr } from '../../../../../common/network/addresses.ts';
import { useEnvProxy } from '../../../../../common/network/env-proxy.ts';
import { createLog } from '../../../../../common/service/log.ts';
import { documentsWith, memoryDocuments } from '../../../../support/auth-server/oauth-clients.ts';
import { useClock } from '../../../../support/clock.ts';
import { listen, until } from '../../../../support/listen.ts';
import { bothDatabases } from '../../../../support/postgres/both-databases.ts';
import { startProxy } from '../../../../support/proxy.ts';

const clock = useClock();
const host = 'https://client.example';
const redirect_uris = ['http://127.0.0.1/callback'];
const good = (url: string, change: object = {}) => ({
  client_id: url,
  client_name: 'Client',
  redirect_uris,
  ...change,
});
type Answer = (req: IncomingMessage, res: ServerResponse, url: string) => void;

/** What the host of documents answers, by path. */
const answers = new Map<string, Answer>();
const asked: string[] = [];
const ca = readFileSync('tests/support/upstream-cert.pem', 'utf8');
const server = createServer({ cert: ca, key: readFileSync('tests/support/upstream-key.pem') }, (req, res) => {
  const path = req.url ?? '';
  asked.push(path);
  answers.get(path)?.(req, res, host + path);
});
const { port, close } = await listen(server);
afterAll(close);
beforeEach(() => {
  answers.clear();
  asked.length = 0;
});
const local = createAddressCheck({
  allowPrivate: ['127.0.0.0/8'].flatMap((text) => parseCidr(text) ?? []),
  ownPorts: new Set(),
});
const outside = createAddressCheck({ allowPrivate: [], ownPorts: new Set() });
const localOptions = { resolve: async () => ['127.0.0.1'], check: local, throughProxy: false, port, ca };

/** Reads documents from the local server, whose certificate is for localhost. */
function fetchLocally(change: Partial<DocumentFetchOptions> = {}) {
  const fetch = createDocumentFetch({ ...localOptions, ...change });
  return (url: URL) => fetch(new URL(url.pathname + url.search, 'https://localhost'));
}
const json =
  (value: unknown, headers: Record<string, string> = {}): Answer =>
  (_req, res) =>
    void res.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
const serve = (path: string, change: object = {}, headers: Record<string, string> = {}) => {
  answers.set(path, json(good(host + path, change), headers));
  return host + path;
};

describe('A client whose id is the address of its document', () => {
  test('is found with the name and the redirect addresses of the document', async () => {
    const { documents } = documentsWith({ fetch: fetchLocally() });
    const id = serve('/client.json', { token_endpoint_auth_method: 'none', grant_types: ['authorization_code'] });
    const client = { id, name: 'Client', redirectUris: redirect_uris, kind: 'document' };
    expect(await documents.find(id)).toEqual(client);
  });

  test.each([
    ['private keys, as the document of ChatGPT', { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: host }],
    ['scopes', { scope: 'openid email offline_access' }],
    ['the type of a web application', { application_type: 'web', redirect_uris: ['https://client.example/cb'] }],
    ['members that no one knows', { logo_uri: 'javascript:alert(1)', extension: { deep: [[[]]] } }],
  ])('may name %s: each client is public', async (_what, change) => {
    const { documents } = documentsWith({ fetch: fetchLocally() });
    expect(await documents.find(serve('/client.json', change))).toMatchObject({ name: 'Client' });
  });

  const text =
    (body: string | Buffer): Answer =>
    (_req, res) =>
      void res.writeHead(200).end(body);
  test.each<[string, Answer]>([
    ['names another client', json(good(`${host}/other.json`))],
    ['names the same client in another spelling', json(good(`${host.toUpperCase()}/bad.json`))],
    ['names no client', json({ client_name: 'Client', redirect_uris })],
    ['has no name', (req, res, url) => json(good(url, { client_name: undefined }))(req, res, url)],
    [
      'has a name of invisible letters',
      (req, res, url) => json(good(url, { client_name: '\u200b\u202e' }))(req, res, url),
    ],
    ['has no redirect addresses', (req, res, url) => json(good(url, { redirect_uris: undefined }))(req, res, url)],
    [
      'has a foreign http address',
      (req, res, url) => json(good(url, { redirect_uris: ['http://evil.example/'] }))(req, res, url),
    ],
    [
      'has a script as an address',
      (req, res, url) => json(good(url, { redirect_uris: ['javascript:x'] }))(req, res, url),
    ],
    ['has a secret', (req, res, url) => json(good(url, { client_secret: 'x' }))(req, res, url)],
    [
      'wants to use a secret',
      (req, res, url) => json(good(url, { token_endpoint_auth_method: 'client_secret_basic' }))(req, res, url),
    ],
    ['is too large', (req, res, url) => json(good(url, { x: 'a'.repeat(5_120) }))(req, res, url)],
    ['is too large, and does not say so', (_req, res) => void res.write(`{"x":"${'a'.repeat(6_000)}`)],
    [
      'is too large once it is unpacked',
      (_req, res) => void res.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    ],
    ['is no JSON', text('<!doctype html>')],
    ['is a list', text('[]')],
    ['is null', text('null')],
    ['is not UTF-8', text(Buffer.from([0x7b, 0xff, 0x7d]))],
    ['is elsewhere', (_req, res) => void res.writeHead(302, { location: `${host}/good.json` }).end()],
    ['is not there', (_req, res) => void res.writeHead(404).end(JSON.stringify(good(`${host}/bad.json`)))],
    ['is behind an error', (_req, res) => void res.writeHead(500).end()],
    ['is an early hint only', (_req, res) => void res.writeHead(204).end()],
    ['never comes', () => undefined],
    ['stops in the middle', (_req, res) => void res.writeHead(200).write('{"client_id":')],
    ['breaks off', (_req, res) => void res.socket?.destroy()],
  ])('is not known if the document %s', async (_what, answer) => {
    serve('/good.json');
    answers.set('/bad.json', answer);
    const { documents, lines } = documentsWith({ fetch: fetchLocally({ deadlineMilliseconds: 500 }) });
    expect(await documents.find(`${host}/bad.json`)).toBeUndefined();
    expect(asked).toEqual(['/bad.json']);
    expect(lines).toHaveLength(1);
  });

  test.each([
    'http://client.example/x',
    'https://client.example',
    'https://client.example/',
    'https://client.example:8443/x',
    'https://alice@client.example/x',
    'https://@client.example/x',
    'https://client.example/x#y',
    'https://client.example/x#',
    'https://client.example/a/../x',
    'https://client.example/%2e%2e/x'.replace('%2e%2e', '..'),
    'https://CLIENT.example/x',
    'https://client.example./x',
    'https://127.0.0.1/x',
    'https://2130706433/x',
    'https://0x7f.1/x',
    'https://[::1]/x',
    'https://localhost/x',
    'https://registry/x',
    'https:/client.example/x',
    'https:client.example/x',
    'https://client.example\\x',
    ' https://client.example/x',
    'https://cl\u0456ent.example/x',
    `https://client.example/${'a'.repeat(500)}`,
  ])('cannot have the address %s, which is not asked', async (id) => {
    let fetched = 0;
    const fetch = async () => {
      fetched++;
      return { text: JSON.stringify(good(id)), maxAgeSeconds: 60 };
    };
    expect(await documentsWith({ fetch }).documents.find(id)).toBeUndefined();
    expect(fetched).toBe(0);
  });
});

describe('The host of a document', () => {
  test.each([
    ['127.0.0.1'],
    ['127.8.8.8'],
    ['0.0.0.0'],
    ['10.0.0.1'],
    ['172.16.0.1'],
    ['192.168.1.1'],
    ['100.64.0.1'],
    ['169.254.169.254'],
    ['100.100.100.200'],
    ['168.63.129.16'],
    ['192.0.0.192'],
    ['198.18.0.1'],
    ['224.0.0.1'],
    ['255.255.255.255'],
    ['::1'],
    ['::'],
    ['::ffff:127.0.0.1'],
    ['::127.0.0.1'],
    ['64:ff9b::7f00:1'],
    ['64:ff9b:1::7f00:1'],
    ['2002:7f00:1::'],
    ['2001::1'],
    ['2001:db8::5efe:7f00:1'],
    ['fe80::1'],
    ['fe80::1%eth0'],
    ['fd00:ec2::254'],
    ['fc00::1'],
    ['ff02::1'],
    ['8.8.8.8', '127.0.0.1'],
    ['2606:4700::1111', '::1'],
    [],
  ])('is not asked if its addresses are %s, %s', async (...ips) => {
    const options = { resolve: async () => ips, check: outside };
    const { documents } = documentsWith({ fetch: fetchLocally(options) });
    expect(await documents.find(serve('/client.json'))).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test('is resolved once for each fetch: the connection goes to the address that was vetted', async () => {
    let resolved = 0;
    const resolve = async () => (resolved++ === 0 ? ['127.0.0.1'] : ['169.254.169.254']);
    const { documents } = documentsWith({ fetch: fetchLocally({ resolve }) });
    expect(await documents.find(serve('/client.json'))).toBeDefined();
    expect([resolved, asked.length]).toEqual([1, 1]);
  });

  test('must have a certificate for its name', async () => {
    const { documents } = documentsWith({ fetch: createDocumentFetch(localOptions) });
    expect(await documents.find(serve('/client.json'))).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test('must be a known one, unless any client may log in', async () => {
    const fetch = fetchLocally();
    const known = documentsWith({ fetch, anyHost: false, knownHosts: new Set(['client.example']) }).documents;
    const other = documentsWith({
      fetch,
      anyHost: false,
      knownHosts: new Set(['example', 'x.client.example']),
    }).documents;
    const id = serve('/client.json');
    expect(await other.find(id)).toBeUndefined();
    expect(asked).toEqual([]);
    expect(await known.find(id)).toBeDefined();
  });

  test('must be a known one behind a proxy, also if any client may log in', async () => {
    const proxy = await startProxy(port);
    const undo = useEnvProxy({ HTTPS_PROXY: proxy.url });
    const clients = await openClients({
      allowed: 'any',
      configured: new Set(),
      knownHosts: ['known.example'],
      throughProxy: true,
      secrets: { get: async () => new Uint8Array(32) },
      store: memoryDocuments(),
      log: createLog('auth-server', 'silent'),
    });
    for (const name of ['other', 'known']) await clients.find(`https://${name}.example/client.json`);
    expect(proxy.asked).toEqual(['known.example:443']);
    expect(await clients.offers()).toEqual({ registration: true, documents: true });
    undo();
    await proxy.close();
  });

  test('is asked through the proxy of the settings, which resolves its name', async () => {
    const proxy = await startProxy(port);
    const undo = useEnvProxy({ HTTPS_PROXY: proxy.url });
    const resolve = () => Promise.reject(new Error('no names here'));
    const direct = createDocumentFetch({ ...localOptions, resolve, throughProxy: true });
    await direct(new URL('https://client.example/x')).catch(() => undefined);
    expect(proxy.asked).toEqual(['client.example:443']);
    undo();
    await proxy.close();
  });
});

describe('A document that was read', () => {
  const count = (path: string) => asked.filter((each) => each === path).length;

  test.each([
    ['no-store', 60],
    ['max-age=0', 60],
    ['public, max-age=600', 600],
    ['max-age=999999', 3_600],
  ])('counts as long as %j allows, between a minute and an hour', async (value, seconds) => {
    const { documents } = documentsWith({ fetch: fetchLocally() });
    const id = serve('/client.json', {}, { 'cache-control': value });
    await documents.find(id);
    clock.advance(seconds - 2);
    await documents.find(id);
    expect(count('/client.json')).toBe(1);
    clock.advance(4);
    serve('/client.json', { client_name: 'New' });
    expect(await documents.find(id)).toMatchObject({ name: 'New' });
  });

  test('counts on while its host is down, and is read again when it is up', async () => {
    const { documents } = documentsWith({ fetch: fetchLocally() });
    const id = serve('/client.json');
    await documents.find(id);
    answers.set('/client.json', (_req, res) => void res.writeHead(503).end());
    for (const days of [1, 30, 300]) {
      clock.advance(days * 86_400);
      expect(await documents.find(id)).toMatchObject({ name: 'Client' });
    }
    serve('/client.json', { client_name: 'New' });
    clock.advance(61);
    expect(await documents.find(id)).toMatchObject({ name: 'New' });
  });

  test('counts for a day after its host has withdrawn or broken it', async () => {
    const { documents } = documentsWith({ fetch: fetchLocally() });
    const id = serve('/client.json');
    await documents.find(id);
    answers.set('/client.json', (_req, res) => void res.writeHead(404).end());
    clock.advance(86_000);
    expect(await documents.find(id)).toMatchObject({ name: 'Client' });
    clock.advance(600);
    expect(await documents.find(id)).toBeUndefined();
  });

  test('is fetched once for all who ask at the same moment', async () => {
    const { documents } = documentsWith({ fetch: fetchLocally() });
    const id = serve('/client.json');
    const found = await Promise.all(Array.from({ length: 20 }, () => documents.find(id)));
    expect(found.every((client) => client?.name === 'Client')).toBe(true);
    expect(count('/client.json')).toBe(1);
  });

  test('is not asked for again within a minute of a failure', async () => {
    const { documents, lines } = documentsWith({ fetch: fetchLocally() });
    const id = `${host}/bad.json`;
    answers.set('/bad.json', (_req, res) => void res.writeHead(404).end());
    for (let n = 0; n < 5; n++) await documents.find(id);
    expect([count('/bad.json'), lines.length]).toEqual([1, 1]);
    clock.advance(61);
    await documents.find(id);
    expect(count('/bad.json')).toBe(2);
  });

  test('is fetched with nine others of its host in a minute at most, and as one of 120 of all unknown hosts', async () => {
    const fetched: string[] = [];
    const fetch = async (url: URL) => {
      fetched.push(url.href);
      return { text: JSON.stringify(good(url.href)), maxAgeSeconds: 60 };
    };
    const { documents } = documentsWith({ fetch, knownHosts: new Set(['known.example']) });
    for (let n = 0; n < 15; n++) await documents.find(`${host}/${n}.json`);
    expect(fetched).toHaveLength(10);
    for (let n = 0; n < 150; n++) await documents.find(`https://host${n}.example/client.json`);
    expect(fetched).toHaveLength(120);
    expect(await documents.find('https://known.example/client.json')).toBeDefined();
  });

  test('is a fault of the gateway, not of the client, if the store does not answer', async () => {
    const store = { ...memoryDocuments(), find: () => Promise.reject(new Error('no database')) };
    const { documents } = documentsWith({ fetch: fetchLocally(), store });
    await expect(documents.find(serve('/client.json'))).rejects.toThrow('no database');
  });
});

describe.each(bothDatabases('.'))('Documents kept in %s', (_kind, places) => {
  test('serve other processes and survive a restart, and the oldest ones go when there are too many', async () => {
    const where = await places.empty();
    const first = await openOAuthStore(where);
    const second = await openOAuthStore(where);
    const { documents } = documentsWith({ fetch: fetchLocally(), store: createDocumentStore(first.db) });
    const id = serve('/client.json', {}, { 'cache-control': 'max-age=3600' });
    await documents.find(id);
    const other = documentsWith({ store: createDocumentStore(second.db) }).documents;
    expect(await other.find(id)).toMatchObject({ id, name: 'Client' });
    const small = createDocumentStore(second.db, 2);
    const registration = { name: 'x', redirectUris: redirect_uris };
    for (const n of [1, 2]) await small.keep(`https://c.example/${n}`, { registration, readAt: 2 ** 31 - n, until: 1 });
    expect(await small.find(id)).toBeUndefined();
    expect(await small.find('https://c.example/1')).toMatchObject({ registration });
    await first.close();
    await second.close();
  });
});

describe('Documents are offered', () => {
  const reachable = (hosts: string[], change: Partial<DocumentFetchOptions> = {}) =>
    createReachable(hosts, { ...localOptions, deadlineMilliseconds: 500, ...change });

  test('if one of the known hosts can be reached', async () => {
    const resolve = async (name: string) => (name === 'up.example' ? ['127.0.0.1'] : Promise.reject(new Error(name)));
    expect(await reachable(['down.example', 'up.example'], { resolve })()).toBe(true);
    expect(await reachable(['down.example'], { resolve })()).toBe(false);
    expect(await reachable([], { resolve })()).toBe(false);
  });

  test('not if a host has private addresses, nor if its name is not resolved in time', async () => {
    expect(await reachable(['client.example'], { check: outside })()).toBe(false);
    expect(await reachable(['client.example'], { resolve: () => new Promise(() => undefined) })()).toBe(false);
  });

  test('through a proxy if there is a known host', async () => {
    expect(await reachable(['client.example'], { throughProxy: true })()).toBe(true);
    expect(await reachable([], { throughProxy: true })()).toBe(false);
  });

  test('again after a minute without a way out, without anyone waiting for it', async () => {
    let isUp = false;
    let resolved = 0;
    const resolve = async () => {
      resolved++;
      return isUp ? ['127.0.0.1'] : [];
    };
    const ask = reachable(['client.example'], { resolve });
    expect([await ask(), await ask(), resolved]).toEqual([false, false, 1]);
    isUp = true;
    clock.advance(61);
    expect(await ask()).toBe(false);
    expect(await until(ask)).toBe(true);
    clock.advance(3_000);
    expect([await ask(), resolved]).toEqual([true, 2]);
  });
});
