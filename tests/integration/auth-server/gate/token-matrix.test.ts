import { randomBytes } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import request from 'supertest';
import { createPersonalTokens } from '../../../../auth-server/identity/personal-token.ts';
import type { Principal } from '../../../../auth-server/identity/principal.ts';
import { createSignedIds } from '../../../../auth-server/oauth/clients/registration.ts';
import { digest } from '../../../../auth-server/oauth/store/tokens.ts';
import type { SessionRecord } from '../../../../auth-server/store/session-record.ts';
import { createIdentifyCaller } from '../../../../relay/callers/caller.ts';
import { createIdentifyCaller as createHubCheck } from '../../../../servers/hub/caller.ts';
import {
  agentClaims,
  alice,
  CLI,
  denialOf,
  now,
  personClaims,
  publicUrl,
  secretKey,
  sessionRecord,
  WEB,
} from '../../../support/auth-server/auth-fixture.ts';
import { commandLineLogin } from '../../../support/auth-server/command-line-login.ts';
import { startIdentityProvider } from '../../../support/auth-server/identity-provider.ts';
import { signLocalSession } from '../../../support/auth-server/local-session.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';
import { startRegistry } from '../../../support/registry/registry-fixture.ts';

const { cognito, auth } = await authServerWithPool({ allowLocalSessions: true, refusedExchanges: 1_000 });
const idp = await startIdentityProvider(publicUrl);
afterAll(() => idp.close());
const keys = async () => createLocalJWKSet((await auth.assertions.jwks()) as JSONWebKeySet);
const registry = await startRegistry(async (header, token) => (await keys())(header, token));
afterAll(() => registry.close());

const carol = { sub: 'ca401000-0000-4000-8000-000000000003', username: 'carol' };
const principal: Principal = {
  ...{ kind: 'person', subject: alice.sub, username: 'alice', clientId: undefined, groups: alice.groups },
  ...{ scopes: ['mcp-registry-admin'], authMethod: 'session_cookie', sessionId: 's', expiresAt: now() + 3_600 },
};
const ticket = () =>
  auth.assertions.signTicket({
    ...{ server: 'currenttime', method: 'tools/list', owner: `person:${alice.sub}`, kind: 'person', marks: [] },
    ends: now() + 3_600,
  });

/** For alice's browser, as the gate makes it when she asks the hub for its tools. */
const delegation = (change: { sid?: string } = {}) => {
  const times = { since: now(), ends: now() + 3_600 };
  const caller = {
    by: 'cookie',
    sid: 's',
    username: 'alice',
    isAgent: false,
    groups: [],
    scopes: [],
    ...times,
  } as const;
  const asks = { methods: ['tools/list'] };
  return auth.delegations.mint({ sub: alice.sub, via: 'hub', caller: { ...caller, ...change }, asks });
};

await auth.store.sessions.add(sessionRecord({ sid: 's', expiresAt: now() + 3_600 }));

let grants = 0;
/** An access token of ours for alice, with a record that `change` changes. */
async function granted(path: string, change: Partial<SessionRecord> = {}): Promise<string> {
  const grant = { sub: alice.sub, sid: `grant-${++grants}`, client: 'digest', resource: publicUrl + path };
  const { sid, resource } = grant;
  const record: Partial<SessionRecord> = { kind: 'client', oauthClient: 'digest', resource, expiresAt: now() + 3_600 };
  await auth.store.sessions.add(sessionRecord({ sid, ...record, ...change }));
  return auth.accessTokens.mint(grant);
}

/** A personal token of alice, with a record that `change` changes. */
async function personal(path: string, change: Partial<SessionRecord> = {}): Promise<string> {
  const { token, sid } = auth.personalTokens.make();
  const record = { kind: 'personal', resource: publicUrl + path, expiresAt: now() + 3_600 } as const;
  await auth.store.sessions.add(sessionRecord({ sid, ...record, ...change }));
  return token;
}

const attempt = async () => {
  const visitor = newVisitor(auth.url);
  await visitor.start();
  return [...visitor.jar.values()][0] ?? '';
};
const cookieValue = async () => (await auth.session()).split('=').slice(1).join('=');
const local = () =>
  signLocalSession(secretKey, {
    ...{ sub: 'dev', username: 'dev', groups: ['mcp-registry-user'] },
    ...{ iat: now(), exp: now() + 600 },
  });
/** Each costs a whole login, so one of each is shown at all places but those that could use it up. */
const terminal = await commandLineLogin(auth);
const logins = {
  'our code': () => terminal.client.code(),
  'our refresh token': async () => (await terminal.client.tokens()).refresh_token,
  'code of the command line': () => terminal.code(),
  'code of another login of the command line': () => terminal.code('alice', { code_challenge: digest('w'.repeat(43)) }),
};
const login = (client: string) => cognito.control.signIn('carol', client);
/** One login of the command line: its two tokens belong together. */
const cliLogin = await login(CLI);
const clientId = () =>
  createSignedIds(randomBytes(32)).issue({ name: 'A client', redirectUris: ['http://127.0.0.1/callback'] });

/** Each kind of credential. */
const credentials = {
  'Cognito access token of an agent': () => cognito.control.mint('access', agentClaims()),
  'Cognito access token of a person': () => cognito.control.mint('access', personClaims()),
  'Cognito access token of the command line': async () => cliLogin.access_token ?? '',
  'Cognito ID token': async () => (await login(WEB)).id_token ?? '',
  'Cognito refresh token': async () => (await login(WEB)).refresh_token ?? '',
  'session cookie': cookieValue,
  'locally signed session': local,
  'login attempt': attempt,
  'our access token for currenttime': () => granted('/currenttime/mcp'),
  'our access token for the one address': () => granted('/mcp'),
  'our access token for the API': () => granted('/api'),
  'our access token whose record has ended': async () => {
    const token = await granted('/currenttime/mcp');
    await auth.store.sessions.end({ sid: `grant-${grants}` });
    return token;
  },
  'our access token with the record of another person': () => granted('/currenttime/mcp', carol),
  'our access token with a record for another server': () =>
    granted('/currenttime/mcp', { resource: `${publicUrl}/mcpgw/mcp` }),
  'our access token with the record of another client': () => granted('/currenttime/mcp', { oauthClient: 'other' }),
  'our access token with the record of a browser': () => granted('/currenttime/mcp', { kind: 'browser' }),
  'personal token for currenttime': () => personal('/currenttime/mcp'),
  'personal token for the one address': () => personal('/mcp'),
  'personal token that has expired': () => personal('/currenttime/mcp', { expiresAt: now() - 1 }),
  'personal token whose record has ended': async () => auth.personalTokens.make().token,
  'personal token with the record of a browser': () => personal('/currenttime/mcp', { kind: 'browser' }),
  'personal token of another gateway': async () => createPersonalTokens(randomBytes(32), 90).make().token,
  ...logins,
  'client id': clientId,
  'assertion for currenttime': async () => auth.assertions.sign(principal, 'currenttime'),
  'assertion for the registry': async () => auth.assertions.sign(principal, '#registry'),
  'assertion for the registry of a local session': async () =>
    auth.assertions.sign({ ...principal, subject: 'local|dev', sessionId: undefined }, '#registry'),
  'assertion for the registry of a program': async () =>
    auth.assertions.sign({ ...principal, authMethod: 'jwt' }, '#registry'),
  'assertion for the registry of another person': async () =>
    auth.assertions.sign({ ...principal, subject: carol.sub }, '#registry'),
  'assertion for the registry whose session has ended': async () =>
    auth.assertions.sign({ ...principal, sessionId: 'ended' }, '#registry'),
  'assertion for mcpgw': async () => auth.assertions.sign(principal, 'mcpgw', 'toggle_service'),
  'assertion for the hub': async () => auth.assertions.sign(principal, '#hub'),
  delegation: () => delegation(),
  'delegation whose caller has signed out': () => delegation({ sid: 'ended' }),
  'relay ticket': ticket,
  'assertion of an identity provider': () => idp.assertion(),
  'upstream secret': async () => 'ghp_0123456789abcdefghijklmnopqrstuvwxyz',
};

const codeOf = (answer: Response) => (answer.status === 200 ? 'good' : denialOf(answer).code);
const bearer = async (token: string, headers: Record<string, string | null>) =>
  codeOf(await auth.validate({ Authorization: `Bearer ${token}`, ...headers }));
const registryRequest = async (token: string, uri: string) => {
  const answer = await fetch(`${auth.url}/validate`, {
    headers: {
      'X-Resource': 'registry',
      'X-Original-Method': 'GET',
      'X-Original-URI': uri,
      Authorization: `Bearer ${token}`,
    },
  });
  return codeOf(answer);
};
/** What becomes of a credential at the page of one's own access: the gate gives the registry an assertion for the auth-server. */
const atAccount = async (headers: Record<string, string>) => {
  const asked = { 'X-Resource': 'registry', 'X-Original-Method': 'GET', 'X-Original-URI': '/account' };
  const answer = await fetch(`${auth.url}/validate`, { headers: { ...asked, ...headers } });
  return answer.status === 200 ? account(answer.headers.get('x-mcp-assertion') ?? '') : denialOf(answer).code;
};
const account = async (assertion: string) => {
  const answer = await request(auth.app).get('/account').set('X-Mcp-Assertion', assertion);
  return answer.status === 200 ? 'good' : answer.body.error.code;
};
const relayed = async (shownTicket: string, assertion: string) =>
  createIdentifyCaller(await keys(), publicUrl)(shownTicket, assertion).then(
    () => 'good',
    (error: { code: string }) => error.code,
  );

/** Each place where a credential may be shown, and what becomes of it there. */
const places = {
  'bearer at its server': (token: string) => bearer(token, {}),
  'bearer at another server': (token: string) =>
    bearer(token, { 'X-Mcp-Server': 'mcpgw', 'X-Original-URI': '/mcpgw/mcp' }),
  'bearer at the inner address': (token: string) => bearer(token, { 'X-Resource': 'inner-mcp' }),
  'bearer at the hub': (token: string) =>
    bearer(token, { 'X-Resource': 'hub', 'X-Mcp-Server': 'hub', 'X-Original-URI': '/mcp' }),
  'bearer at the API': (token: string) => registryRequest(token, '/api/servers'),
  'bearer at a page': (token: string) => registryRequest(token, '/servers'),
  'bearer at a page that gives power': (token: string) => atAccount({ Authorization: `Bearer ${token}` }),
  'cookie at a page that gives power': (token: string) => atAccount({ Cookie: `${auth.cookieName}=${token}` }),
  cookie: async (token: string) => codeOf(await auth.validate({ Cookie: `${auth.cookieName}=${token}` })),
  '/oauth2/session': async (token: string) => {
    const { id_token } = cliLogin;
    const answer = await request(auth.app).post('/oauth2/session').send({ id_token, access_token: token });
    return answer.status === 200 ? 'good' : answer.body.error.code;
  },
  'code at /oauth2/session': async (token: string) => {
    for (const redirect_uri of [terminal.redirectUri, terminal.client.redirectUri]) {
      const answer = await terminal.redeem(token, { redirect_uri });
      if (answer.status === 200) return 'good';
      if (answer.status !== 401) return String(answer.status);
    }
    return 'login_refused';
  },
  'code at the token endpoint': async (token: string) => {
    for (const change of [{}, { client_id: 'mcp-gateway', redirect_uri: terminal.redirectUri }]) {
      const answer = await terminal.client.exchange(token, change);
      if (answer.status === 200) return 'good';
    }
    return 'invalid_grant';
  },
  'refresh token at the token endpoint': async (token: string) => {
    for (const change of [{}, { client_id: 'mcp-gateway' }]) {
      const answer = await terminal.client.refresh(token, change);
      if (answer.status === 200) return 'good';
    }
    return 'invalid_grant';
  },
  'assertion at the registry': async (token: string) => {
    const answer = await request(registry.app).get('/api/servers').set('X-Mcp-Assertion', token);
    return answer.status === 200 ? 'good' : answer.body.error.code;
  },
  'assertion at the relay': async (token: string) => relayed(await ticket(), token),
  'assertion at the decisions': async (token: string) => {
    const answer = await request(auth.app).get('/decisions').set('X-Mcp-Assertion', token);
    return answer.status === 200 ? 'good' : answer.body.error.code;
  },
  'assertion at the account': account,
  'assertion at the hub': async (token: string) => {
    const caller = await createHubCheck(await keys(), publicUrl)(token);
    return caller ? 'good' : 'refused';
  },
  'ticket at the relay': async (token: string) => relayed(token, await auth.assertions.sign(principal, 'currenttime')),
  'ticket at the relay callbacks': async (token: string) => {
    const body = { kind: 'session', id: `s${Math.random()}` };
    const answer = await request(auth.app).post('/relay/bindings').set('Authorization', `Bearer ${token}`).send(body);
    return answer.status === 204 ? 'good' : String(answer.status);
  },
};
type Place = keyof typeof places;

/** How each place refuses what is not good there. */
const refusals: Record<Place, string> = {
  'bearer at its server': 'token_invalid',
  'bearer at another server': 'token_invalid',
  'bearer at the inner address': 'token_invalid',
  'bearer at the hub': 'token_invalid',
  'bearer at the API': 'token_invalid',
  'bearer at a page': 'token_invalid',
  'bearer at a page that gives power': 'token_invalid',
  'cookie at a page that gives power': 'session_invalid',
  cookie: 'session_invalid',
  '/oauth2/session': 'login_refused',
  'code at /oauth2/session': 'login_refused',
  'code at the token endpoint': 'invalid_grant',
  'refresh token at the token endpoint': 'invalid_grant',
  'assertion at the registry': 'identity_required',
  'assertion at the relay': 'ticket_invalid',
  'assertion at the decisions': 'assertion_refused',
  'assertion at the account': 'assertion_refused',
  'assertion at the hub': 'refused',
  'ticket at the relay': 'ticket_invalid',
  'ticket at the relay callbacks': '403',
};

const everywhere: Partial<Record<Place, string>> = {
  'bearer at its server': 'good',
  'bearer at another server': 'good',
  'bearer at the hub': 'good',
  'bearer at the API': 'good',
  'bearer at a page': 'good',
  'bearer at a page that gives power': 'session_needed',
};
/** Only the record says where a personal token is good. */
const endedEverywhere: Partial<Record<Place, string>> = {
  'bearer at its server': 'session_ended',
  'bearer at another server': 'session_ended',
  'bearer at the hub': 'session_ended',
  'bearer at the API': 'session_ended',
  'bearer at a page': 'session_ended',
  'bearer at a page that gives power': 'session_ended',
};
const forRegistry = { 'assertion at the registry': 'good', 'assertion at the decisions': 'good' };
/** Where each credential is good, and other refusals than the usual one. */
const expected: Record<keyof typeof credentials, Partial<Record<Place, string>>> = {
  'Cognito access token of an agent': everywhere,
  'Cognito access token of a person': everywhere,
  'Cognito access token of the command line': { '/oauth2/session': 'good' },
  'Cognito ID token': {},
  'Cognito refresh token': {},
  'session cookie': { cookie: 'good', 'cookie at a page that gives power': 'good' },
  'locally signed session': { cookie: 'good', 'cookie at a page that gives power': 'session_needed' },
  'login attempt': {},
  'our access token for currenttime': { 'bearer at its server': 'good' },
  'our access token for the one address': { 'bearer at the hub': 'good' },
  'our access token for the API': { 'bearer at the API': 'good' },
  'our access token whose record has ended': { 'bearer at its server': 'session_ended' },
  'our access token with the record of another person': { 'bearer at its server': 'session_ended' },
  'our access token with a record for another server': { 'bearer at its server': 'session_ended' },
  'our access token with the record of another client': { 'bearer at its server': 'session_ended' },
  'our access token with the record of a browser': { 'bearer at its server': 'session_ended' },
  'personal token for currenttime': { 'bearer at its server': 'good' },
  'personal token for the one address': { 'bearer at the hub': 'good' },
  'personal token that has expired': endedEverywhere,
  'personal token whose record has ended': endedEverywhere,
  'personal token with the record of a browser': endedEverywhere,
  'personal token of another gateway': {},
  'our code': { 'code at the token endpoint': 'good' },
  'our refresh token': { 'refresh token at the token endpoint': 'good' },
  'code of the command line': { 'code at /oauth2/session': 'good' },
  'code of another login of the command line': {},
  'client id': {},
  'assertion for currenttime': { 'assertion at the relay': 'good' },
  'assertion for the registry': { ...forRegistry, 'assertion at the account': 'good' },
  'assertion for the registry of a local session': { ...forRegistry, 'assertion at the account': 'session_needed' },
  'assertion for the registry of a program': { ...forRegistry, 'assertion at the account': 'session_needed' },
  'assertion for the registry of another person': { ...forRegistry, 'assertion at the account': 'session_needed' },
  'assertion for the registry whose session has ended': {
    ...forRegistry,
    'assertion at the account': 'session_needed',
  },
  'assertion for mcpgw': { 'assertion at the registry': 'good' },
  'assertion for the hub': { 'assertion at the hub': 'good' },
  delegation: { 'bearer at the inner address': 'good' },
  'delegation whose caller has signed out': { 'bearer at the inner address': 'session_ended' },
  'relay ticket': { 'ticket at the relay': 'good', 'ticket at the relay callbacks': 'good' },
  'assertion of an identity provider': {},
  'upstream secret': {},
};

const takeCodes: ReadonlySet<Place> = new Set([
  'code at /oauth2/session',
  'code at the token endpoint',
  'refresh token at the token endpoint',
]);

describe.each(Object.keys(credentials) as (keyof typeof credentials)[])('The credential "%s" as', (credential) => {
  let kept: Promise<string> | undefined;
  const shownAt = (place: Place) => {
    if (!(credential in logins) || takeCodes.has(place)) return credentials[credential]();
    kept ??= credentials[credential]();
    return kept;
  };
  test.each(Object.keys(places) as Place[])('%s', async (place) => {
    const outcome = await places[place](await shownAt(place));
    expect(outcome).toBe(expected[credential][place] ?? refusals[place]);
  });
});

test('An access token of ours identifies the person of its record, with its client', async () => {
  const { headers, status } = await auth.validate({ Authorization: `Bearer ${await granted('/currenttime/mcp')}` });
  expect(status).toBe(200);
  expect(Object.fromEntries(headers)).toMatchObject({
    ...{ 'x-user': alice.sub, 'x-username': 'alice', 'x-groups': 'mcp-registry-admin' },
    ...{ 'x-auth-method': 'jwt', 'x-client-id': 'digest' },
  });
});

test('An access token for the API opens no page under another spelling of its path', async () => {
  const token = await granted('/api');
  for (const uri of ['/api/../servers', '/api/%2e%2e/servers', '//api/servers', '/api', '/v0.1/../servers'])
    expect(await registryRequest(token, uri)).toBe('token_invalid');
  expect(await registryRequest(token, '/v0.1/servers?limit=1')).toBe('good');
});

test('A credential of a browser is not read beside an access token, which decides alone', async () => {
  const answer = await auth.validate({
    Authorization: `Bearer ${await granted('/mcpgw/mcp')}`,
    Cookie: await auth.session(),
  });
  expect(codeOf(answer)).toBe('token_invalid');
});
