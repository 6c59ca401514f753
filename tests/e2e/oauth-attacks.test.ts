import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as v2 from '@modelcontextprotocol/client';
import { digest } from '../../auth-server/oauth/store/tokens.ts';
import { answerClient, signInForClient } from '../support/gateway/consent.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';
import { newBrowser } from '../support/stand-in/hosted-login.ts';

const gateway = await sharedGateway();
const verifier = 'v'.repeat(43);
const redirectUri = 'http://127.0.0.1:7999/callback';

interface Tokens {
  access_token: string;
  refresh_token: string;
}
type Change = Record<string, string>;

const post = (path: string, form: Change) =>
  fetch(gateway.url + path, { method: 'POST', body: new URLSearchParams(form) });
const errorOf = async (answer: Response) => [answer.status, ((await answer.json()) as { error: string }).error];

/** Registers a client, as any program can. */
async function register(redirect_uri = redirectUri): Promise<string> {
  const answer = await fetch(`${gateway.url}/oauth2/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Claude Code', redirect_uris: [redirect_uri] }),
  });
  return ((await answer.json()) as { client_id: string }).client_id;
}
const client_id = await register();

const address = (change: Change = {}) =>
  `${gateway.url}/oauth2/authorize?${new URLSearchParams({
    response_type: 'code',
    client_id,
    redirect_uri: redirectUri,
    code_challenge: digest(verifier),
    code_challenge_method: 'S256',
    resource: `${gateway.url}/echo/mcp`,
    state: 's',
    ...change,
  })}`;
const codeFor = async (person: string, change: Change = {}) =>
  (await answerClient(gateway.url, address(change), person)).searchParams.get('code') ?? '';
const exchange = (code: string, change: Change = {}) =>
  post('/oauth2/token', {
    ...{ grant_type: 'authorization_code', client_id, code, redirect_uri: redirectUri, code_verifier: verifier },
    ...change,
  });
const refresh = (refresh_token: string, change: Change = {}) =>
  post('/oauth2/token', { grant_type: 'refresh_token', client_id, refresh_token, ...change });
const tokensFor = async (person: string, change: Change = {}) =>
  (await (await exchange(await codeFor(person, change))).json()) as Tokens;
const call = async (token: string, path = '/echo/mcp') => {
  const headers = { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${token}` };
  return (await send(gateway.ports.gateway, { path, headers, body: rpc('tools/list') })).status;
};

/** A server of the attacker's that leads every browser to the same address. */
async function leadingTo(target: string) {
  const server = createServer((_req, res) => res.writeHead(302, { location: target }).end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/authorize`,
    close: () => void server.close(),
  };
}

test('A hostile MCP server that leads a client to the authorize address gets no code: the person is asked for every code', async () => {
  const browser = newBrowser();
  const first = await signInForClient(gateway.url, browser, address(), 'alice');
  expect((await browser.post(first, { answer: 'allow' }, { origin: gateway.url })).status).toBe(303);
  // The same browser, person, client and server, a moment later, with the attacker's own challenge.
  const hostile = await leadingTo(address({ code_challenge: digest('a'.repeat(43)) }));
  const led = (await browser.get(hostile.url)).headers.get('location') ?? '';
  const question = (await browser.get(led)).headers.get('location') ?? '';
  expect(question).toMatch(/^\/oauth2\/consent\/[\w-]{43}$/);
  hostile.close();
});

test('A code that is replayed ends the grant, and its access token opens nothing any more', async () => {
  const code = await codeFor('alice');
  const tokens = (await (await exchange(code)).json()) as Tokens;
  expect(await call(tokens.access_token)).toBe(200);
  expect(await errorOf(await exchange(code))).toEqual([400, 'invalid_grant']);
  while ((await call(tokens.access_token)) === 200);
  expect(await call(tokens.access_token)).toBe(401);
  expect(await errorOf(await refresh(tokens.refresh_token))).toEqual([400, 'invalid_grant']);
});

test('A code that is exchanged twenty times at once gives at most one refresh token, and ends', async () => {
  const code = await codeFor('alice');
  const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(code)));
  expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
});

test('Fifty refreshes at once are one family', async () => {
  const { refresh_token } = await tokensFor('alice');
  const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(refresh_token)));
  const all = await Promise.all(answers.map(async (answer) => ((await answer.json()) as Tokens).refresh_token));
  expect([all.length, new Set(all).size]).toEqual([50, 1]);
});

test('A code does not go to an address that the client has not registered', async () => {
  for (const redirect_uri of [
    'https://evil.example/callback',
    'http://127.0.0.1:7999/callback2',
    'http://localhost:7999/callback',
    'http://127.0.0.1.evil.example/callback',
    'http://127.0.0.1:7999@evil.example/callback',
  ]) {
    const answer = await fetch(address({ redirect_uri }), { redirect: 'manual' });
    expect([redirect_uri, answer.status, answer.headers.get('location')]).toEqual([redirect_uri, 400, null]);
  }
});

test('A code is good for its client, its address and its verifier only', async () => {
  const code = await codeFor('alice');
  for (const change of [
    { client_id: await register() },
    { redirect_uri: 'http://127.0.0.1:8000/callback' },
    { code_verifier: 'w'.repeat(43) },
  ] as Change[])
    expect(await errorOf(await exchange(code, change))).toEqual([400, 'invalid_grant']);
  expect((await exchange(code)).status).toBe(200);
});

test('Two resource parameters are refused, and one token never opens two servers', async () => {
  const twice = `${address()}&resource=${encodeURIComponent(`${gateway.url}/currenttime/mcp`)}`;
  const refused = new URL((await fetch(twice, { redirect: 'manual' })).headers.get('location') ?? '');
  expect(refused.searchParams.get('error')).toBe('invalid_target');
  const tokens = await tokensFor('alice');
  const wider = await refresh(tokens.refresh_token, { resource: `${gateway.url}/currenttime/mcp` });
  expect(await errorOf(wider)).toEqual([400, 'invalid_target']);
});

test('A token for one server opens no other server, no page and no API', async () => {
  const { access_token, refresh_token } = await tokensFor('alice');
  expect(await call(access_token)).toBe(200);
  for (const path of ['/currenttime/mcp', '/mcpgw/mcp'])
    expect([path, await call(access_token, path)]).toEqual([path, 401]);
  const open = async (path: string, token: string) =>
    (await fetch(gateway.url + path, { redirect: 'manual', headers: { authorization: `Bearer ${token}` } })).status;
  expect([await open('/', access_token), await open('/api/servers', access_token)]).toEqual([401, 401]);
  // A refresh token and a code are no access tokens.
  expect(await call(refresh_token)).toBe(401);
  expect(await call(await codeFor('alice'))).toBe(401);
});

test('Every answer names its issuer, and a client that expected another one takes no code from it', async () => {
  const answer = await answerClient(gateway.url, address(), 'alice');
  expect(answer.searchParams.get('iss')).toBe(gateway.url);
  const denied = await answerClient(gateway.url, address(), 'alice', 'deny');
  expect([denied.searchParams.get('iss'), denied.searchParams.get('error')]).toEqual([gateway.url, 'access_denied']);
  const other = 'https://other.example';
  expect(() =>
    v2.validateAuthorizationResponseIssuer({
      iss: answer.searchParams.get('iss') ?? undefined,
      expectedIssuer: other,
      issParameterSupported: true,
    }),
  ).toThrow(/issuer/i);
});

test("Consent in the attacker's browser gives the attacker nothing of the person's, and the person's browser cannot give it", async () => {
  const [attacker, victim] = [newBrowser(), newBrowser()];
  const question = await signInForClient(gateway.url, attacker, address(), 'bob');
  // The person is led to the attacker's question, and even answers it.
  await signInForClient(gateway.url, victim, address(), 'alice');
  expect((await victim.get(question)).status).toBe(400);
  expect((await victim.post(question, { answer: 'allow' }, { origin: gateway.url })).status).toBe(400);
  for (const origin of ['https://evil.example', 'null'])
    expect((await attacker.post(question, { answer: 'allow' }, { origin })).status).toBe(403);
});
