import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { listen, until } from '../support/listen.ts';
import { bothErasMember } from '../support/servers/both-eras-member.ts';
import { oldEraMember } from '../support/servers/old-era-member.ts';

type Asked = Record<string, unknown>;
interface Asking {
  /** What the person was asked. */
  asked: Asked[];
  names(): Promise<string[]>;
  call(name: string): Promise<unknown>;
  close(): Promise<void>;
}

const info = { name: 'questions', version: '1' };
const capabilities = { elicitation: { form: {}, url: {} } };
const answer = { action: 'accept' as const, content: { v: 'me' } };
const open: (() => Promise<void>)[] = [];
let gateway: Gateway;
let token: string;

beforeAll(async () => {
  const members = { old: oldEraMember(), both: bothErasMember('both', 'stateless') };
  const entries = [];
  for (const [name, listener] of Object.entries(members)) {
    const { port, close } = await listen(listener);
    open.push(close);
    const upstream = `http://127.0.0.1:${port}`;
    const transports = { 'streamable-http': '/mcp' };
    entries.push({ name, title: name, description: 'It asks', upstream, transports, may: ['open_pages'] });
  }
  gateway = await startGateway({}, entries);
  token = await gateway.agentToken();
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  for (const close of open) await close();
});

const address = () => new URL(`${gateway.url}/mcp`);
const requestInit = () => ({ headers: { authorization: `Bearer ${token}` } });

async function v1(): Promise<Asking> {
  const asked: Asked[] = [];
  const client = new ClientV1(info, { capabilities });
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    asked.push({ ...params });
    return answer;
  });
  await client.connect(new HttpV1(address(), { requestInit: requestInit() }) as never);
  return {
    asked,
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name) => (await client.callTool({ name })).content,
    close: () => client.close(),
  };
}

async function v2(mode: 'legacy' | { pin: '2026-07-28' }): Promise<Asking> {
  const asked: Asked[] = [];
  const client = new Client(info, { capabilities, versionNegotiation: { mode } });
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    asked.push({ ...params });
    return answer;
  });
  await client.connect(new StreamableHTTPClientTransport(address(), { requestInit: requestInit() }));
  return {
    asked,
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name) => (await client.callTool({ name })).content,
    close: () => client.close(),
  };
}

const questionsOf = (server: string) => [
  { message: `[${server}] Who?`, requestedSchema: { properties: { v: { type: 'string' } } } },
  { mode: 'url', message: `[${server}, opens login.example] Sign in`, url: 'https://login.example/start' },
];
const said = [{ type: 'text', text: JSON.stringify(answer) }];

describe.each([
  ['SDK v1', v1],
  ['SDK v2 of 2025', () => v2('legacy')],
  ['SDK v2 of 2026-07-28', () => v2({ pin: '2026-07-28' })],
])('A client on %s', (_client, connect) => {
  test.each([
    ['a server on SDK v1', 'old'],
    ['a server on SDK v2', 'both'],
  ])('answers what %s asks, and sees which server asks and which host it opens', async (_server, server) => {
    const client = await connect();
    const isListed = async () => (await client.names()).includes(`${server}__page`);
    expect(await until(isListed, 60_000)).toBe(true);
    const form = server === 'old' ? 'form' : 'ask';
    expect(await client.call(`${server}__${form}`)).toEqual(said);
    expect(await client.call(`${server}__page`)).toEqual(said);
    expect(client.asked).toMatchObject(questionsOf(server));
    await client.close();
  });

  test('answers what a server on SDK v1 asks on the standing stream of its session', async () => {
    const client = await connect();
    const isListed = async () => (await client.names()).includes('old__formOutside');
    expect(await until(isListed, 60_000)).toBe(true);
    expect(await client.call('old__formOutside')).toEqual(said);
    expect(await client.call('old__pageOutside')).toEqual(said);
    expect(client.asked).toMatchObject(questionsOf('old'));
    await client.close();
  });
});
