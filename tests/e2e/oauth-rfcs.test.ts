import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { newFlow } from '../support/gateway/oauth-flow.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';
import { locationOf } from '../support/stand-in/hosted-login.ts';

/** What the RFCs ask of an authorization server, through nginx: one row for each requirement. */
const gateway = await sharedGateway();
const { url } = gateway;
const client = await newFlow(url);
const other = await newFlow(url);

type Check = [rfc: string, must: string, holds: () => Promise<void>];
type Json = Record<string, unknown>;
const json = async (answer: Response) => (await answer.json()) as Json;
const get = async (path: string) => await json(await fetch(url + path));

/** An error of the token endpoint. */
async function refused(answer: Promise<Response>, error: string, status = 400): Promise<void> {
  const response = await answer;
  const body = await json(response);
  expect([response.status, body.error]).toEqual([status, error]);
  expect(String(body.error_description)).toMatch(/^[A-Z].*\.$/);
}

/** An error that the client gets at its own address. */
async function sentBack(answer: Promise<Response>, error: string): Promise<URL> {
  const to = locationOf(await answer);
  expect([to.origin + to.pathname, to.searchParams.get('error')]).toEqual(['http://127.0.0.1:7999/callback', error]);
  expect(to.searchParams.get('code')).toBeNull();
  return to;
}

/** A page for the person; nothing goes to the client. */
async function onPage(answer: Promise<Response>): Promise<void> {
  const response = await answer;
  expect([response.status, response.headers.get('location')]).toEqual([400, null]);
  expect(response.headers.get('content-type')).toMatch(/^text\/html/);
}

/** The status of a call with a token, at a server. */
async function callWith(token: unknown, server = 'currenttime'): Promise<number> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
  };
  const answer = await fetch(`${url}/${server}/mcp`, { method: 'POST', headers, body });
  await answer.body?.cancel();
  return answer.status;
}

const metadata = await get('/.well-known/oauth-authorization-server');

const rfc6749: Check[] = [
  [
    'RFC 6749, 3.1',
    'no parameter of the authorize endpoint is there twice',
    async () => {
      const to = await sentBack(client.ask({ state: ['a', 'b'] }), 'invalid_request');
      expect(to.searchParams.has('state')).toBe(false);
    },
  ],
  [
    'RFC 6749, 3.1.2.4',
    'nothing goes to an address that is not registered',
    () => onPage(client.ask({ redirect_uri: 'https://evil.example/callback' })),
  ],
  [
    'RFC 6749, 3.2',
    'the token endpoint takes POST only',
    async () => {
      expect((await fetch(`${url}/oauth2/token?grant_type=refresh_token`)).status).toBe(404);
    },
  ],
  [
    'RFC 6749, 3.2.1',
    'the token endpoint knows its clients',
    () => refused(client.refresh('x', { client_id: undefined }), 'invalid_client', 401),
  ],
  [
    'RFC 6749, 4.1.2',
    'the answer has a code, and the state as it was sent',
    async () => {
      const state = 'ä ?&="<x>';
      const to = await client.answer({ state });
      expect(to.searchParams.get('state')).toBe(state);
      expect(to.searchParams.getAll('code')).toEqual([expect.stringMatching(/^[\w-]{32,}$/)]);
    },
  ],
  [
    'RFC 6749, 4.1.2',
    'a code works once; a second use ends what came of the first',
    async () => {
      const code = await client.code();
      const { access_token, refresh_token } = await json(await client.exchange(code));
      expect(await callWith(access_token)).toBe(200);
      await refused(client.exchange(code), 'invalid_grant');
      await refused(client.refresh(refresh_token), 'invalid_grant');
      expect(await callWith(access_token)).toBe(401);
    },
  ],
  ['RFC 6749, 4.1.2.1', 'an unknown client gets nothing', () => onPage(client.ask({ client_id: 'unknown' }))],
  [
    'RFC 6749, 4.1.2.1',
    'no token is given without a code',
    async () => {
      await sentBack(client.ask({ response_type: 'token' }), 'unsupported_response_type');
      await sentBack(client.ask({ response_type: undefined }), 'unsupported_response_type');
    },
  ],
  [
    'RFC 6749, 4.1.2.1',
    'a person who says no is reported as such, with the state',
    async () => {
      const { searchParams: said } = await client.answer({}, 'deny');
      expect([said.get('error'), said.get('state'), said.get('code')]).toEqual(['access_denied', 'the state', null]);
    },
  ],
  [
    'RFC 6749, 4.1.3',
    'a code works for its client and address only, and afterwards still for them',
    async () => {
      const code = await client.code();
      await refused(client.exchange(code, { client_id: other.id }), 'invalid_grant');
      await refused(client.exchange(code, { redirect_uri: 'http://127.0.0.1:8000/callback' }), 'invalid_grant');
      await refused(client.exchange(code, { redirect_uri: undefined }), 'invalid_grant');
      expect((await client.exchange(code)).status).toBe(200);
    },
  ],
  [
    'RFC 6749, 5.1',
    'tokens are not stored on the way, and their life is named',
    async () => {
      const answer = await client.exchange(await client.code());
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(await json(answer)).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 600,
        refresh_token: expect.stringMatching(/^[\w-]{32,}$/),
        scope: 'mcp',
      });
    },
  ],
  [
    'RFC 6749, 5.2',
    'errors are JSON, whatever the client accepts',
    async () => {
      const form = { grant_type: 'refresh_token', client_id: client.id, refresh_token: 'x' };
      const answer = await client.post('/oauth2/token', form, { accept: 'text/html' });
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    },
  ],
  [
    'RFC 6749, 5.2',
    'unknown grants and codes are refused by their names',
    async () => {
      await refused(client.exchange('x', { grant_type: 'password' }), 'unsupported_grant_type');
      await refused(client.exchange('x'), 'invalid_grant');
      await refused(client.exchange('x', { code: ['x', 'y'] }), 'invalid_request');
    },
  ],
  [
    'RFC 6749, 6',
    'a refresh token works for its client only, and scopes do not matter',
    async () => {
      const { refresh_token } = await client.tokens();
      await refused(client.refresh(refresh_token, { client_id: other.id }), 'invalid_grant');
      const next = await json(await client.refresh(refresh_token, { scope: 'mcp offline_access openid' }));
      expect(next).toMatchObject({ expires_in: 600, scope: 'mcp' });
      expect(next.refresh_token).not.toBe(refresh_token);
      expect(await callWith(next.access_token)).toBe(200);
    },
  ],
];

const rfc7009: Check[] = [
  [
    'RFC 7009, 2',
    'a refresh token that was revoked ends the grant',
    async () => {
      const tokens = await client.tokens();
      expect((await client.revoke(tokens.refresh_token)).status).toBe(200);
      await refused(client.refresh(tokens.refresh_token), 'invalid_grant');
      expect(await callWith(tokens.access_token)).toBe(401);
    },
  ],
  [
    'RFC 7009, 2',
    'so does an access token',
    async () => {
      const tokens = await client.tokens();
      const revoked = client.revoke(tokens.access_token, { token_type_hint: 'access_token' });
      expect((await revoked).status).toBe(200);
      expect(await callWith(tokens.access_token)).toBe(401);
      await refused(client.refresh(tokens.refresh_token), 'invalid_grant');
    },
  ],
  [
    'RFC 7009, 2.1',
    'another client ends nothing',
    async () => {
      const tokens = await client.tokens();
      for (const token of [tokens.refresh_token, tokens.access_token])
        expect((await other.revoke(token)).status).toBe(200);
      expect(await callWith(tokens.access_token)).toBe(200);
    },
  ],
  [
    'RFC 7009, 2.2',
    'an unknown token is answered as a known one',
    async () => {
      for (const token of ['x', 'a.b.c', '']) expect((await client.revoke(token)).status).toBe(200);
      await refused(client.revoke('x', { client_id: 'unknown' }), 'invalid_client', 401);
    },
  ],
];

const register = (body: unknown) =>
  fetch(String(metadata.registration_endpoint), { method: 'POST', body: JSON.stringify(body) });
const rfc7591: Check[] = [
  [
    'RFC 7591, 3.2.1',
    'a client is registered as a public one, and told so',
    async () => {
      const asked = { redirect_uris: ['http://localhost/cb'], token_endpoint_auth_method: 'client_secret_basic' };
      const answer = await register(asked);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([201, 'no-store']);
      const said = await json(answer);
      expect(said).toMatchObject({ redirect_uris: asked.redirect_uris, token_endpoint_auth_method: 'none' });
      expect(said).not.toHaveProperty('client_secret');
    },
  ],
  [
    'RFC 7591, 3.2.2',
    'bad addresses and bad bodies are refused by their names',
    async () => {
      await refused(register({ redirect_uris: ['http://evil.example/'] }), 'invalid_redirect_uri');
      await refused(register({}), 'invalid_redirect_uri');
      await refused(register('x'), 'invalid_client_metadata');
    },
  ],
  [
    'MCP, "Authorization"',
    'a page of any origin may register, exchange codes and revoke, without credentials of the browser',
    async () => {
      for (const name of ['registration_endpoint', 'token_endpoint', 'revocation_endpoint']) {
        const headers = { origin: 'https://page.example', 'access-control-request-method': 'POST' };
        const answer = await fetch(String(metadata[name]), { method: 'OPTIONS', headers });
        expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
        expect(answer.headers.get('access-control-allow-headers')).toContain('Content-Type');
        expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
      }
    },
  ],
  [
    'RFC 8252, 7.3',
    'a client on this machine may use another port, and no other path',
    async () => {
      expect((await client.ask({ redirect_uri: 'http://127.0.0.1:51234/callback' })).status).toBe(303);
      await onPage(client.ask({ redirect_uri: 'http://127.0.0.1:51234/other' }));
    },
  ],
];

const rfc7636: Check[] = [
  [
    'RFC 7636, 4.3',
    'there is no code without a challenge, and none with a plain one',
    async () => {
      await sentBack(client.ask({ code_challenge: undefined }), 'invalid_request');
      await sentBack(client.ask({ code_challenge_method: 'plain' }), 'invalid_request');
      await sentBack(client.ask({ code_challenge_method: undefined }), 'invalid_request');
      await sentBack(client.ask({ code_challenge: 'short' }), 'invalid_request');
    },
  ],
  [
    'RFC 7636, 4.6',
    'a code works with its verifier only',
    async () => {
      const code = await client.code();
      await refused(client.exchange(code, { code_verifier: 'w'.repeat(43) }), 'invalid_grant');
      await refused(client.exchange(code, { code_verifier: undefined }), 'invalid_grant');
      expect((await client.exchange(code)).status).toBe(200);
    },
  ],
];

const rfc8414: Check[] = [
  [
    'RFC 8414, 2',
    'the metadata names what is offered',
    async () => {
      expect(metadata).toMatchObject({
        issuer: url,
        response_types_supported: ['code'],
        grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: expect.arrayContaining(['none']),
        scopes_supported: ['mcp'],
      });
    },
  ],
  [
    'RFC 8414, 2',
    'each endpoint in it is there, at the issuer',
    async () => {
      const names = Object.keys(metadata).filter((name) => /_endpoint$|_uri$/.test(name));
      expect(names).toHaveLength(5);
      for (const name of names) {
        const address = String(metadata[name]);
        expect(address.startsWith(`${url}/oauth2/`)).toBe(true);
        const statuses = [(await fetch(address)).status, (await fetch(address, { method: 'POST' })).status];
        expect(statuses.some((status) => status !== 404)).toBe(true);
      }
    },
  ],
  [
    'RFC 8414, 3',
    'it is the same at each place where clients look, for pages too',
    async () => {
      for (const name of ['oauth-authorization-server', 'openid-configuration'])
        for (const path of ['', '/currenttime/mcp', '/currenttime/sse']) {
          const answer = await fetch(`${url}/.well-known/${name}${path}`, {
            headers: { origin: 'https://page.example' },
          });
          expect(answer.headers.get('access-control-allow-origin')).toBe('*');
          expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
          expect(await json(answer)).toEqual(metadata);
        }
    },
  ],
];

const rfc8707: Check[] = [
  [
    'RFC 8707, 2',
    'a resource that is no MCP server of the gateway is refused',
    async () => {
      const bad = [
        url,
        `${url}/`,
        'https://evil.example/currenttime/mcp',
        `${url}/currenttime/mcp#x`,
        '/currenttime/mcp',
      ];
      for (const resource of bad) await sentBack(client.ask({ resource }), 'invalid_target');
      await sentBack(client.ask({ resource: [client.resource, `${url}/mcpgw/mcp`] }), 'invalid_target');
    },
  ],
  [
    'RFC 8707, 2',
    'spellings of one server are one audience',
    async () => {
      const { access_token } = await client.tokens({ resource: `${url.toUpperCase()}/currenttime/sse` });
      expect(await callWith(access_token)).toBe(200);
    },
  ],
  [
    'RFC 8707, 2.2',
    'a token is for the resource that was allowed, at the exchange and at each refresh',
    async () => {
      const code = await client.code();
      await refused(client.exchange(code, { resource: `${url}/mcpgw/mcp` }), 'invalid_target');
      const { access_token, refresh_token } = await json(await client.exchange(code));
      await refused(client.refresh(refresh_token, { resource: `${url}/mcpgw/mcp` }), 'invalid_target');
      expect((await client.refresh(refresh_token, { resource: client.resource })).status).toBe(200);
      expect([await callWith(access_token), await callWith(access_token, 'mcpgw')]).toEqual([200, 401]);
    },
  ],
];

const rfc9068: Check[] = [
  [
    'RFC 9068, 2',
    'an access token is signed by a published key, and says for whom, for what and how long',
    async () => {
      const { access_token = '' } = await client.tokens();
      expect(decodeProtectedHeader(access_token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) });
      const keys = createRemoteJWKSet(new URL(String(metadata.jwks_uri)));
      const options = { issuer: url, audience: client.resource, typ: 'at+jwt' };
      const { payload } = await jwtVerify(access_token, keys, options);
      const text = expect.any(String);
      const number = expect.any(Number);
      const times = { iat: number, exp: Number(payload.iat) + 600 };
      const said = { iss: url, aud: client.resource, sub: text, client_id: text, jti: text, sid: text, scope: 'mcp' };
      expect(payload).toEqual({ ...said, ...times });
    },
  ],
  [
    'RFC 9068, 4',
    'the keys of access tokens sign nothing else, and no private half is published',
    async () => {
      const [own, assertions] = [await get('/oauth2/jwks'), await get('/.well-known/jwks.json')] as Record<
        string,
        Json[]
      >[];
      const kids = (set: Record<string, Json[]> | undefined) => (set?.keys ?? []).map(({ kid }) => kid);
      expect(kids(own).some((kid) => kids(assertions).includes(kid))).toBe(false);
      expect(JSON.stringify(own)).not.toMatch(/"d":/);
    },
  ],
];

const rfc9207: Check[] = [
  [
    'RFC 9207, 2',
    'each answer names the issuer: with a code, with an error, with a no',
    async () => {
      const answers = [
        await client.answer(),
        await client.answer({}, 'deny'),
        await sentBack(client.ask({ prompt: 'none' }), 'login_required'),
      ];
      for (const { searchParams } of answers) expect(searchParams.getAll('iss')).toEqual([metadata.issuer]);
    },
  ],
  [
    'RFC 9207, 3',
    'the metadata says so',
    async () => {
      expect(metadata.authorization_response_iss_parameter_supported).toBe(true);
    },
  ],
];

const resourceMetadata = '/.well-known/oauth-protected-resource';
const rfc9728: Check[] = [
  [
    'RFC 9728, 3.3',
    'the metadata of an endpoint is about this address, and names the issuer',
    async () => {
      for (const path of ['/currenttime/mcp', '/mcpgw/sse', '/currenttime'])
        expect(await get(resourceMetadata + path)).toMatchObject({
          resource: url + path,
          authorization_servers: [metadata.issuer],
          scopes_supported: metadata.scopes_supported,
          bearer_methods_supported: ['header'],
        });
    },
  ],
  [
    'RFC 9728, 3.3',
    'there is none for the whole gateway',
    async () => {
      expect((await fetch(url + resourceMetadata)).status).toBe(404);
    },
  ],
  [
    'RFC 9728, 5.1',
    'the challenge leads there, for GET, HEAD and POST, with the scope to ask for',
    async () => {
      for (const method of ['GET', 'HEAD', 'POST']) {
        const answer = await fetch(client.resource, {
          method,
          headers: { accept: 'text/event-stream, application/json', 'content-type': 'application/json' },
        });
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
          401,
          `Bearer resource_metadata="${url}${resourceMetadata}/currenttime/mcp", scope="mcp"`,
        ]);
      }
    },
  ],
  [
    'RFC 6750, 3.1',
    'a token that is no good is called invalid in the challenge',
    async () => {
      const answer = await fetch(client.resource, {
        headers: { authorization: 'Bearer x', accept: 'text/event-stream' },
      });
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token", /);
    },
  ],
];

test.each([...rfc6749, ...rfc7009, ...rfc7591, ...rfc7636, ...rfc8414, ...rfc8707, ...rfc9068, ...rfc9207, ...rfc9728])(
  '%s: %s',
  (_rfc, _must, holds) => holds(),
);
