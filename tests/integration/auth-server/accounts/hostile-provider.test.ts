import type { AccountServer, ConnectFailure } from '../../../../auth-server/accounts/accounts.ts';
import { createOutside } from '../../../../auth-server/accounts/provider/outside.ts';
import { createAddressCheck } from '../../../../common/network/addresses.ts';
import { entriesOf, gatewayAccounts, storeFolder } from '../../../support/accounts/gateway-accounts.ts';
import { type ScriptedAnswer, startScriptedProvider } from '../../../support/accounts/scripted-provider.ts';

type Gateway = Awaited<ReturnType<typeof gatewayAccounts>>;
type Provider = Awaited<ReturnType<typeof startScriptedProvider>>;

const folder = storeFolder();
let provider: Provider;
let entries: ReturnType<typeof entriesOf>;
let gateway: Gateway;
let server: AccountServer;
let number = 0;
beforeAll(async () => {
  provider = await startScriptedProvider();
  entries = entriesOf('{}');
  gateway = await gatewayAccounts(folder, entries);
});
afterAll(async () => {
  await gateway.store.close();
  await provider.close();
});
beforeEach(() => {
  provider.answer();
  use(`issuer: ${provider.issuer}, client_id: own`);
});

/** Makes a fresh entry, so that nothing is known of its provider. */
function use(account: string, port = new URL(provider.issuer).port): void {
  const name = `p${number++}`;
  server = { server: name, account: name, address: `http://127.0.0.1:${port}/mcp -` };
  entries.change(
    `${name}: { account: { ${account} }, for: [http://127.0.0.1:${port}/mcp, http://127.0.0.1:${port}/n${number}] }`,
  );
}

const newest = async () =>
  (await gateway.store.accountRows.ofSubject('carol')).find((row) => row.server === server.server);
const begin = () => gateway.connections.begin(server);
const finish = async (query: Record<string, string> = {}) => {
  const { attempt } = await begin();
  const returned = new URL('http://localhost:8080/oauth2/accounts/callback');
  for (const [key, value] of Object.entries({ code: 'code', state: attempt.state, ...query }))
    returned.searchParams.set(key, value);
  return await gateway.connections.finish('carol', server, attempt, returned);
};
const failure = async (work: Promise<unknown>): Promise<Partial<ConnectFailure>> => {
  const error = await work.then(
    () => ({ code: 'none', message: 'it did not fail' }),
    (cause: Error) => cause,
  );
  return error as Partial<ConnectFailure>;
};
const token = (body: object): ScriptedAnswer => ({
  body: { access_token: 'access', token_type: 'Bearer', refresh_token: 'refresh', expires_in: 3_600, ...body },
});

test.each<[string, (good: Provider['metadata']) => ScriptedAnswer, RegExp]>([
  ['another issuer', (good) => ({ body: { ...good, issuer: 'https://real.example' } }), /another issuer/],
  ['no PKCE with S256', (good) => ({ body: { ...good, code_challenge_methods_supported: ['plain'] } }), /S256/],
  ['no word on PKCE', ({ code_challenge_methods_supported: _, ...rest }) => ({ body: rest }), /S256/],
  ['no token endpoint', ({ token_endpoint: _, ...rest }) => ({ body: rest }), /token_endpoint/],
  [
    'an endpoint that is a number',
    (good) => ({ body: { ...good, authorization_endpoint: 7 } }),
    /authorization_endpoint/,
  ],
  ['an endless document', () => ({ body: ' '.repeat(70_000) }), /bytes/],
  ['a redirect', () => ({ status: 302, headers: { location: 'https://real.example/' } }), /no document/],
  ['a list', () => ({ body: [] }), /cannot be used/],
  ['a page', () => ({ body: '<html>', headers: { 'content-type': 'text/html' } }), /cannot be used/],
])('A provider whose document has %s is refused', async (_what, answer, expected) => {
  provider.answer({ '/metadata': answer(provider.metadata) });
  const { code, message } = await failure(begin());
  expect(code).toBe('provider_unusable');
  expect(message).toMatch(expected);
});

test.each<[string, ScriptedAnswer, string]>([
  ['no token', token({ access_token: undefined }), 'provider_unusable'],
  ['a token that is a number', token({ access_token: 7 }), 'provider_unusable'],
  ['a token with a line break', token({ access_token: 'a\r\nX-Evil: 1' }), 'provider_unusable'],
  ['a huge token', token({ access_token: 'a'.repeat(9_000) }), 'provider_unusable'],
  ['a refresh token with a line break', token({ refresh_token: 'a\nb' }), 'provider_unusable'],
  ['another token type', token({ token_type: 'mac' }), 'provider_unusable'],
  ['a DPoP token', token({ token_type: 'DPoP' }), 'provider_unusable'],
  ['a negative life', token({ expires_in: -5 }), 'provider_unusable'],
  ['a life of words', token({ expires_in: 'soon' }), 'provider_unusable'],
  ['huge scopes', token({ scope: 'a '.repeat(5_000) }), 'provider_unusable'],
  ['more than 64 kB', { body: 'x'.repeat(70_000) }, 'provider_unusable'],
  ['no JSON', { body: '<html>', headers: { 'content-type': 'text/html' } }, 'provider_unusable'],
  ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }, 'provider_unusable'],
  ['an unknown client', { status: 401, body: { error: 'invalid_client' } }, 'provider_unusable'],
  ['a refused code', { status: 400, body: { error: 'invalid_grant' } }, 'answer_invalid'],
  ['a refused code with status 200, as GitHub', { body: { error: 'bad_verification_code' } }, 'answer_invalid'],
  ['a fault of its own', { status: 502, body: 'Bad gateway' }, 'provider_unavailable'],
  ['too many requests', { status: 429, body: {} }, 'provider_unavailable'],
])('A provider that answers a code with %s is not believed', async (_what, answer, expected) => {
  provider.answer({ '/token': answer });
  expect(await failure(finish())).toMatchObject({ code: expected });
  expect(await gateway.accounts.find('carol', server)).toEqual({ none: 'not_connected' });
});

test.each<[string, object, object]>([
  [
    'no life and no refresh token',
    { expires_in: undefined, refresh_token: undefined },
    { expiresAt: undefined, hasRefreshToken: false },
  ],
  ['a life in text', { expires_in: '3600' }, { hasRefreshToken: true }],
  ['scopes with commas, as GitHub', { scope: 'repo,user' }, { scopes: ['repo', 'user'] }],
  ['the token type of Slack', { token_type: 'user' }, { hasRefreshToken: true }],
  ['an ID token that is none', { id_token: 'x' }, { shownName: undefined }],
])('A provider that answers a code with %s is used', async (_what, answer, expected) => {
  provider.answer({ '/token': token(answer) });
  await finish();
  expect(await newest()).toMatchObject(expected);
  expect(await gateway.accounts.find('carol', server)).toMatchObject({ token: 'access' });
});

test('A life of thousands of years is a year', async () => {
  provider.answer({ '/token': token({ expires_in: 1e15 }) });
  await finish();
  const row = await newest();
  expect((row?.expiresAt ?? 0) - (row?.createdAt ?? 0)).toBeLessThan(400 * 86_400);
});

test('The callback has to be of this attempt, and of the pinned issuer', async () => {
  expect(await failure(finish({ state: 'other' }))).toMatchObject({ code: 'answer_invalid' });
  expect(await failure(finish({ iss: 'https://real.example' }))).toMatchObject({ code: 'answer_invalid' });
  expect(await failure(finish({ error: 'access_denied' }))).toMatchObject({ code: 'declined' });
  expect(provider.seen.filter(({ path }) => path === '/token')).toEqual([]);
  await finish({ iss: provider.issuer });
  provider.answer({
    '/metadata': { body: { ...provider.metadata, authorization_response_iss_parameter_supported: true } },
  });
  use(`issuer: ${provider.issuer}, client_id: own`);
  expect((await failure(finish())).code).not.toBe('none');
});

test('An attempt ends with a change of the entry', async () => {
  const { attempt } = await begin();
  entries.change(
    `${server.account}: { account: { issuer: ${provider.issuer}, client_id: new }, for: [${server.address.split(' ')[0]}] }`,
  );
  const returned = new URL(`http://localhost:8080/x?code=a&state=${attempt.state}`);
  expect(await failure(gateway.connections.finish('carol', server, attempt, returned))).toMatchObject({
    code: 'entry_changed',
  });
});

test.each<[string, object, RegExp]>([
  ['names another provider', { authorization_servers: ['https://real.example'] }, /another provider/],
  ['is about another server', { resource: 'https://real.example/mcp' }, /another address/],
])('A server whose own document %s gets no token', async (_what, change, expected) => {
  const resource = server.address.split(' ')[0];
  provider.answer({ '/resource': { body: { resource, authorization_servers: [provider.issuer], ...change } } });
  const { code, message } = await failure(begin());
  expect(code).toBe('provider_unusable');
  expect(message).toMatch(expected);
});

test('A request names the server as its resource, S256, and the scopes of the entry', async () => {
  use(
    `issuer: ${provider.issuer}, client_id: own, client_secret: { value: S3cretOfTheClient }, scopes: [a, offline_access]`,
  );
  const { url } = await begin();
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    ...{
      client_id: 'own',
      response_type: 'code',
      scope: 'a offline_access',
      code_challenge_method: 'S256',
      prompt: 'consent',
    },
    ...{ resource: `${provider.issuer}/mcp`, redirect_uri: 'http://localhost:8080/oauth2/accounts/callback' },
  });
  await finish();
  const asked = provider.seen.find(({ path }) => path === '/token');
  expect(asked?.headers.authorization).toMatch(/^Basic /);
  expect(asked?.headers.accept).toBe('application/json');
  expect(new URLSearchParams(asked?.body).get('resource')).toBe(`${provider.issuer}/mcp`);
});

test('A static entry reads no document, asks for the name where it says, and sends no resource if it says so', async () => {
  const { issuer } = provider;
  const endpoints = `authorization_endpoint: "${issuer}/authorize?access_type=offline", token_endpoint: ${issuer}/token`;
  use(
    `${endpoints}, client_id: own, client_secret: { value: S3cretOfTheClient }, client_authentication: post, resource: false,
     account_name: { url: ${issuer}/me, field: login }`,
  );
  provider.answer({ '/me': { body: { login: 'carol\u202e-gh' } } });
  const { url } = await begin();
  expect(url.searchParams.get('access_type')).toBe('offline');
  expect(url.searchParams.has('resource')).toBe(false);
  expect(await finish({ iss: 'https://whatever.example' })).toEqual({ name: 'carol\u{fffd}-gh' });
  expect(new Set(provider.seen.map(({ path }) => path))).toEqual(new Set(['/token', '/me']));
  expect(new URLSearchParams(provider.seen[0]?.body).get('client_secret')).toBe('S3cretOfTheClient');
});

test('A registration that the provider no longer knows is made again for the next person', async () => {
  use(`issuer: ${provider.issuer}`);
  await finish();
  provider.answer({
    '/token': { status: 401, body: { error: 'invalid_client' } },
    '/register': { status: 201, body: { client_id: 'second' } },
  });
  expect(await failure(finish())).toMatchObject({ code: 'provider_unusable' });
  provider.answer({ '/register': { status: 201, body: { client_id: 'second' } } });
  const { url } = await begin();
  expect(url.searchParams.get('client_id')).toBe('second');
  expect(await gateway.accounts.find('carol', server)).toMatchObject({ token: 'access' });
});

test('A document of a public provider cannot lead inside', async () => {
  const addresses: Record<string, string> = { 'public.example': '93.184.216.34', 'inside.example': '10.0.0.7' };
  const asked: string[] = [];
  const networks = [{ address: '10.0.0.0', prefix: 8, family: 'ipv4' as const }];
  const outside = createOutside({
    resolve: async (host) => [addresses[host] ?? host],
    check: (ip, port) => {
      const why = createAddressCheck({ allowPrivate: networks, ownPorts: new Set() })(ip, port);
      if (why === undefined) asked.push(ip);
      return why ?? 'is not asked in this test';
    },
    checkPublic: createAddressCheck({ allowPrivate: [], ownPorts: new Set() }),
    throughProxy: false,
  });
  const fetchFor = outside.fetchFor('https://public.example');
  for (const url of [
    'https://inside.example/token',
    'https://169.254.169.254/',
    'https://127.0.0.1/',
    'https://[::1]/',
  ])
    await expect(fetchFor(url)).rejects.toThrow('not public');
  await expect(fetchFor('http://public.example/')).rejects.toThrow('not https');
  expect(asked).toEqual([]);
  await expect(outside.fetchFor('https://inside.example')('https://inside.example/')).rejects.toThrow('not public');
  expect(asked).toEqual(['10.0.0.7']);
});
