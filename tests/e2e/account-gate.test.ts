import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v2 from '@modelcontextprotocol/client';
import { startAccountProvider } from '../support/accounts/account-provider.ts';
import { startAccountServer } from '../support/accounts/account-server.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { rpc, send, verdictOf } from '../support/gateway/send.ts';
import { until } from '../support/listen.ts';
import { hidden, newBrowser } from '../support/stand-in/hosted-login.ts';

const folder = mkdtempSync(join(tmpdir(), 'account-gate-'));
const provider = await startAccountProvider();
const server = await startAccountServer(provider.issuer);
/** Where an editor would like the tokens to go. The entry covers it too. */
const elsewhere = await startAccountServer(provider.issuer);
const secretsFile = join(folder, 'secrets.yml');
const entry = {
  account: { issuer: provider.issuer, scopes: ['offline_access', 'mcp'] },
  for: [server.address, elsewhere.address],
};
writeFileSync(secretsFile, JSON.stringify({ notion: entry }), { mode: 0o600 });
const notes = {
  ...{ name: 'notes', title: 'Notes', description: 'Wants accounts', upstream: new URL(server.address).origin },
  transports: { 'streamable-http': '/mcp' },
  auth: { account: 'notion' },
};
const settings = { UPSTREAM_SECRETS_FILE: secretsFile, ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8', LOG_LEVEL: 'debug' };
const gateway = await startGateway(settings, [notes]);
afterAll(async () => {
  await gateway.stop();
  await server.close();
  await elsewhere.close();
  await provider.close();
  rmSync(folder, { recursive: true });
});

const page = `${gateway.url}/accounts/connect/notes`;
const alice = { cookie: await gateway.sessionCookie('alice') };
const call = async (headers: Record<string, string>, place = 'notes', params: object = { name: 'whoami' }) => {
  const types = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const answer = await send(gateway.ports.gateway, {
    path: `/${place}/mcp`,
    headers: { ...types, ...headers },
    body: rpc('tools/call', params),
  });
  const json = /^\{.*/.exec(answer.body)?.[0] ?? /data: (\{.*)/.exec(answer.body)?.[1] ?? '{}';
  return { verdict: verdictOf(answer), ...JSON.parse(json) };
};
const throughMcpgw = () =>
  call(alice, 'mcpgw', { name: 'call_tool', arguments: { server: 'notes', tool: 'whoami', arguments: {} } });
const says = (text: string) => ({ content: [expect.objectContaining({ text: expect.stringContaining(text) })] });

const next = ({ headers }: Response, from?: URL) => new URL(headers.get('location') ?? '', from);
/** Connects alice's account through the pages, as a browser does. */
async function connect(account: string): Promise<void> {
  const shown = await fetch(page, { headers: alice });
  const form = new URLSearchParams({ address: hidden(await shown.text(), 'address'), answer: 'connect' });
  const headers = { ...alice, origin: gateway.url };
  const begun = await fetch(page, { method: 'POST', headers, body: form, redirect: 'manual' });
  const there = newBrowser();
  if (begun.status >= 400) throw new Error(await begun.text());
  let at = next(begun);
  const cookies = begun.headers.getSetCookie().map((line) => line.split(';')[0]);
  while (at.origin === provider.issuer) {
    const answer = await there.get(at);
    const isForm = answer.status === 200;
    at = next(isForm ? await there.post(at, { login: account }) : answer, at);
  }
  const back = await fetch(at, { headers: { cookie: [alice.cookie, ...cookies].join('; ') }, redirect: 'manual' });
  if (back.status >= 400) throw new Error(await back.text());
}

test('People and agents are told what to do before anything reaches the server, also through mcpgw', async () => {
  const sentence = `The server notes wants an account of your own: connect it at ${page}, then try again.`;
  expect(await call(alice)).toMatchObject({ verdict: 'account_needed', error: { code: -32003, message: sentence } });
  const agent = { authorization: `Bearer ${await gateway.agentToken()}` };
  expect((await call(agent)).verdict).toBe('account_for_people');
  expect((await throughMcpgw()).result).toMatchObject({ isError: true, ...says(sentence) });
  expect(server.seen.authorizations).toEqual([]);
});

test('A person calls as their own account, through mcpgw too; once the server refuses it, a client of 2026-07-28 is asked, and the call goes on', async () => {
  await connect('alice-at-notion');
  const client = new v2.Client(
    { name: 'test', version: '1' },
    { capabilities: { elicitation: { url: {} } }, versionNegotiation: { mode: 'auto' } },
  );
  const opened: unknown[] = [];
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    opened.push((params as { url?: unknown }).url);
    await connect('alice-at-notion');
    return { action: 'accept' };
  });
  const requestInit = { headers: alice };
  await client.connect(new v2.StreamableHTTPClientTransport(new URL(`${gateway.url}/notes/mcp`), { requestInit }));
  expect(await client.callTool({ name: 'whoami' })).toMatchObject(says('alice-at-notion'));
  expect((await throughMcpgw()).result).toMatchObject(says('alice-at-notion'));
  server.knobs.refusesAll = true;
  const twice = [await call(alice), await call(alice)];
  server.knobs.refusesAll = false;
  expect(twice).toMatchObject([
    { error: { message: expect.stringContaining('which has been renewed: try again.') } },
    { error: { data: { reason: 'account_refused', connect: page } } },
  ]);
  expect(await client.callTool({ name: 'whoami' })).toMatchObject(says('alice-at-notion'));
  expect(opened).toEqual([page]);
  await client.close();
});

test('An editor who gives the server another address, or its name to another server, gets no token there', async () => {
  const api = async (method: string, path: string, body?: object) => {
    const headers = { ...alice, origin: gateway.url, 'content-type': 'application/json' };
    const answer = await fetch(`${gateway.url}/api/servers${path}`, { method, headers, body: JSON.stringify(body) });
    return { status: answer.status, ...((await answer.json()) as { revision?: number }) };
  };
  const move = async (upstream: string) => {
    const { revision } = await api('GET', '/notes');
    expect(await api('PATCH', '/notes', { revision, upstream })).toMatchObject({ status: 200, route: 'ok' });
  };
  const isAskedAgain = () => until(async () => (await call(alice)).verdict === 'account_needed');
  expect((await call(alice)).result).toMatchObject(says('alice-at-notion'));
  await move(new URL(elsewhere.address).origin);
  expect(await isAskedAgain()).toBe(true);
  expect((await api('DELETE', '/notes')).status).toBe(200);
  const again = { ...notes, upstream: new URL(elsewhere.address).origin };
  expect((await api('POST', '', again)).status).toBe(201);
  expect(await isAskedAgain()).toBe(true);
  await move(notes.upstream);
  expect(await until(async () => (await call(alice)).result?.content !== undefined)).toBe(true);
  expect(elsewhere.seen.authorizations.filter(Boolean)).toEqual([]);
});

test('What the page knows of a server comes from its route: headers of a client count for nothing, also behind another path', async () => {
  const forged = { 'x-mcp-account': 'notion', 'x-mcp-address': 'https://evil.example/mcp -', 'x-mcp-routed': '1' };
  const words = async (name: string, path = `/accounts/connect/${name}`) => {
    const headers = { ...alice, ...forged, 'x-mcp-server': name };
    return (await send(gateway.ports.gateway, { method: 'GET', path, headers })).body.replace(/<[^>]*>/g, '');
  };
  expect(await words('currenttime')).toContain('currenttime needs no account of yours');
  expect(await words('nowhere')).toContain('There is no such server for you');
  expect(await words('notes')).not.toContain('evil.example');
  for (const path of ['/accounts/connect/notes/', '/accounts/connect/a/b', '/accounts/connect', '/accounts/'])
    expect(await words('notes', path)).toContain('There is nothing here');
});

test('Disconnecting on My account ends the use of the account, and revokes it at the provider', async () => {
  expect((await call(alice)).result).toMatchObject(says('alice-at-notion'));
  const revoked = provider.seen.revoked;
  const shown = await fetch(`${gateway.url}/account`, { headers: alice });
  const form = new URLSearchParams({ server: 'notes', account: hidden(await shown.text(), 'account') });
  const init = { method: 'POST', headers: { ...alice, origin: gateway.url }, body: form, redirect: 'manual' } as const;
  expect((await fetch(`${gateway.url}/account/disconnect`, init)).status).toBe(303);
  expect((await call(alice)).verdict).toBe('account_needed');
  expect(await until(() => provider.seen.revoked > revoked)).toBe(true);
  const found = await fetch(`${gateway.url}/api/decisions?tool=accounts/`, { headers: alice });
  const { decisions } = (await found.json()) as { decisions: object[] };
  expect(decisions[0]).toMatchObject({ method: 'accounts/disconnect', server: 'notes' });
});

test('No log line holds a token, nor the code with which a person comes back', () => {
  expect(gateway.log.filter((line) => /[?&](code|state)=/.test(line))).toEqual([]);
  const tokens = server.seen.authorizations.flatMap((value) => value?.replace('Bearer ', '') ?? []);
  expect(tokens.length).toBeGreaterThan(0);
  for (const token of new Set(tokens)) expect(gateway.log.filter((line) => line.includes(token))).toEqual([]);
});
