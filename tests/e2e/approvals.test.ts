import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as z from 'zod';
import { approveAt, refuseAt } from '../support/gateway/approve.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { rpc, send, verdictOf } from '../support/gateway/send.ts';
import { listen, until } from '../support/listen.ts';
import { bothErasMember } from '../support/servers/both-eras-member.ts';

const folder = mkdtempSync(join(tmpdir(), 'approvals-'));
const SCOPES_FILE = join(folder, 'scopes.yml');
writeFileSync(
  SCOPES_FILE,
  `
group_mappings:
  mcp-registry-admin: [people]
  mcp-registry-operator: [people]
UI-Scopes:
  people: { list_service: [all], view_audit: [all] }
people:
  - server: pay
    methods: [initialize, tools/list, tools/call]
    tools:
      - echo
      - { name: send, approve: person }
      - { name: ask, approve: person }
      - { name: page, approve: { groups: [mcp-registry-operator] } }
  - { server: hub, methods: [tools/list, tools/call], tools: [] }
  - { server: mcpgw, methods: [tools/list, tools/call], tools: ["*"] }
`,
);
/** What the server was asked to send. */
const sent: string[] = [];
const { port, close } = await listen(
  bothErasMember('pay', 'stateless', (server) =>
    server.registerTool('send', { inputSchema: z.object({ to: z.string() }) }, ({ to }) => {
      sent.push(to);
      return { content: [{ type: 'text', text: `Sent to ${to}` }] };
    }),
  ),
);
const pay = {
  ...{ name: 'pay', title: 'Pay', description: 'Sends', upstream: `http://127.0.0.1:${port}`, may: ['open_pages'] },
  transports: { 'streamable-http': '/mcp' },
};
const gateway = await startGateway({ SCOPES_FILE }, [pay]);
afterAll(async () => {
  await gateway.stop();
  await close();
  rmSync(folder, { recursive: true });
});

const alice = { cookie: await gateway.sessionCookie('alice') };
const dave = { cookie: await gateway.sessionCookie('dave') };
let last = 0;
/** Someone whom no other test sends anything to. */
const someone = () => `person-${++last}`;
const approve = (url: string, who = alice, name = 'alice') => approveAt(gateway.url, url, who.cookie, name);
const says = (text: string) => ({ content: [expect.objectContaining({ text: expect.stringContaining(text) })] });
const info = { name: 'approvals', version: '1' };
const place = (path: string) => new URL(`${gateway.url}${path}`);

/** A client of the official SDK v2. @param onPage opens a page; undefined for a client that opens none */
async function v2(path: string, mode: 'legacy' | { pin: '2026-07-28' }, onPage?: (url: string) => Promise<void>) {
  const elicitation = onPage ? { form: {}, url: {} } : { form: {} };
  const client = new Client(info, { capabilities: { elicitation }, versionNegotiation: { mode } });
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    const { url } = params as { url?: string };
    if (url === undefined) return { action: 'accept', content: { v: 'me' } };
    await onPage?.(url);
    return { action: 'accept' };
  });
  await client.connect(new StreamableHTTPClientTransport(place(path), { requestInit: { headers: alice } }));
  return client;
}

/** The address in an error that a client shows. */
const linkIn = (error: unknown) => /http\S+\/approvals\/[\w-]{22}/.exec(String(error))?.[0] ?? '';
const failure = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

// An approval is bound to the definition of the tool: the auth-server learns it after the registry's first check of the server.
beforeAll(async () => {
  const types = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const body = rpc('tools/call', { name: 'send', arguments: { to: 'at first' } });
  const isKnown = async () => {
    await send(gateway.ports.gateway, { path: '/pay/mcp', headers: { ...types, ...alice }, body });
    const answer = await fetch(`${gateway.url}/api/decisions?limit=20`, { headers: alice });
    const { decisions = [] } = (await answer.json()) as { decisions?: { definition?: string }[] };
    return decisions.some(({ definition }) => definition !== undefined);
  };
  expect(await until(isKnown, 30_000)).toBe(true);
}, 60_000);

test.each([
  ['directly', '/pay/mcp', 'send'],
  ['through the hub', '/mcp', 'pay__send'],
])(
  'A client of 2026-07-28 opens the page, the person approves there, and the call goes on %s',
  async (_how, path, name) => {
    const [opened, to] = [[] as string[], someone()];
    const client = await v2(path, { pin: '2026-07-28' }, async (url) => {
      opened.push(url);
      await approve(url);
    });
    expect((await client.listTools()).tools.map((tool) => tool.name)).toContain(name);
    expect(await client.callTool({ name, arguments: { to } })).toMatchObject(says(`Sent to ${to}`));
    expect(opened).toEqual([expect.stringMatching(/\/approvals\/[\w-]{22}$/)]);
    expect(sent.filter((each) => each === to)).toHaveLength(1);
    await client.close();
  },
);

test.each([
  ['directly', '/pay/mcp', 'ask'],
  ['through the hub', '/mcp', 'pay__ask'],
])('A call in the middle of which the server asks something needs one approval, %s', async (_how, path, name) => {
  const opened: string[] = [];
  const client = await v2(path, { pin: '2026-07-28' }, async (url) => {
    opened.push(url);
    await approve(url);
  });
  expect(await client.callTool({ name, arguments: { number: ++last } })).toMatchObject(says('"v":"me"'));
  expect(opened).toHaveLength(1);
  await client.close();
});

test('A client that opens no pages shows the link; the same call passes after the approval, and once', async () => {
  const [client, to] = [await v2('/pay/mcp', { pin: '2026-07-28' }), someone()];
  const call = () => client.callTool({ name: 'send', arguments: { to } });
  const url = linkIn(await failure(call()));
  expect(url).toMatch(/^http/);
  expect(linkIn(await failure(call()))).toBe(url);
  await approve(url);
  expect(await call()).toMatchObject(says(`Sent to ${to}`));
  expect(linkIn(await failure(call()))).not.toBe(url);
  expect(sent.filter((each) => each === to)).toHaveLength(1);
  await client.close();
});

test.each([
  // The gate remembers with the session what its client can; a server without sessions is asked by the sentence.
  ['that opens pages gets the error that names the page', '/mcp', 'pay__send', { form: {}, url: {} }, -32_042],
  ['that opens none gets the sentence with the link', '/pay/mcp', 'send', { form: {} }, -32_003],
])('A client of the SDK v1 %s', async (_which, path, name, elicitation, code) => {
  const client = new ClientV1(info, { capabilities: { elicitation } });
  await client.connect(new HttpV1(place(path), { requestInit: { headers: alice } }) as never);
  const to = someone();
  const call = () => client.callTool({ name, arguments: { to } });
  const error = (await failure(call())) as { code: number; data?: { elicitations?: { url: string }[] } };
  expect(error.code).toBe(code);
  await approve(error.data?.elicitations?.[0]?.url ?? linkIn(error));
  expect(await call()).toMatchObject(says(`Sent to ${to}`));
  await client.close();
});

test('A client of 2025-11-25 answers the question of a server of 2026-07-28 in the middle of an approved call', async () => {
  const client = await v2('/mcp', 'legacy', async () => undefined);
  const call = () => client.callTool({ name: 'pay__ask', arguments: { number: 'legacy' } });
  const error = (await failure(call())) as { data?: { elicitations?: { url: string }[] } };
  await approve(error.data?.elicitations?.[0]?.url ?? '');
  expect(await call()).toMatchObject(says('"v":"me"'));
  expect(((await failure(call())) as { code: number }).code).toBe(-32_042);
  await client.close();
});

test('mcpgw passes the sentence on, and the call that was approved', async () => {
  const to = someone();
  const throughMcpgw = async () => {
    const types = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const args = { server: 'pay', tool: 'send', arguments: { to } };
    const body = rpc('tools/call', { name: 'call_tool', arguments: args });
    return (await send(gateway.ports.gateway, { path: '/mcpgw/mcp', headers: { ...types, ...alice }, body })).body;
  };
  const url = linkIn(await throughMcpgw());
  await approve(url);
  expect(await throughMcpgw()).toContain(`Sent to ${to}`);
});

test('Another group approves where the rule says so, and the caller cannot', async () => {
  const client = await v2('/pay/mcp', { pin: '2026-07-28' });
  const call = () => client.callTool({ name: 'page', arguments: { number: ++last } });
  const url = linkIn(await failure(call()));
  await expect(approve(url)).rejects.toThrow('403');
  await expect(approve(url, dave, 'dave')).resolves.toContain('Approved');
  await client.close();
});

test('A refusal reaches the client as a sentence', async () => {
  const client = await v2('/pay/mcp', { pin: '2026-07-28' });
  const to = someone();
  const call = () => client.callTool({ name: 'send', arguments: { to } });
  await refuseAt(gateway.url, linkIn(await failure(call())), alice.cookie);
  expect(String(await failure(call()))).toContain('was refused by a person');
  expect(sent).not.toContain(to);
  await client.close();
});

test('nginx leads to the pages of approvals and to no inner door of them', async () => {
  const get = async (path: string, headers = {}) =>
    (await send(gateway.ports.gateway, { method: 'GET', path, headers: { ...alice, ...headers } })).status;
  expect(await get('/approvals')).toBe(200);
  expect(await get(`/approvals/${'x'.repeat(22)}`)).toBe(404);
  for (const path of ['/approvals/', '/approvals/x', '/approvals/../account', '/account/approvals', '/relay/rounds'])
    expect([400, 404]).toContain(await get(path));
  const types = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const body = rpc('tools/call', { name: 'echo', arguments: { message: 'free' } });
  const free = await send(gateway.ports.gateway, { path: '/pay/mcp', headers: { ...types, ...alice }, body });
  expect(verdictOf(free)).toBe(200);
});

test('The registry shows how many calls wait for the person, and leads to them', async () => {
  const client = await v2('/pay/mcp', { pin: '2026-07-28' });
  await failure(client.callTool({ name: 'send', arguments: { to: someone() } }));
  const pageOf = async () => await (await fetch(gateway.url, { headers: alice })).text();
  await pageOf();
  let html = '';
  for (let i = 0; i < 50 && !html.includes('to approve'); i++) html = await pageOf();
  expect(html).toMatch(/<a href="\/approvals">.*Approvals<\/a>.*to approve/);
  await client.close();
});
