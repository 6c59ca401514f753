import type { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { createApp } from '../../../servers/mcpgw/server.ts';
import { until } from '../../support/listen.ts';
import { bothErasMember } from '../../support/servers/both-eras-member.ts';
import { BrokerScene } from '../../support/servers/broker-scene.ts';
import { connect, type Fetch, listen, mcpgwParts, recordedLog } from '../../support/servers/mcp-clients.ts';
import { OddMember } from '../../support/servers/odd-member.ts';

const odd = new OddMember();
let scene: BrokerScene;
let registry: Awaited<ReturnType<typeof listen>>;
let mcpgw: Awaited<ReturnType<typeof listen>>;

const region = { type: 'string', 'x-mcp-header': 'Region' };
/** What the registry answers, by path. */
const known: Record<string, object> = {
  '/api/servers/odd/tools/read-only': { tools: ['headers'] },
  '/api/servers/modern/tools/read-only': { tools: ['located'] },
  '/api/servers/modern': {
    name: 'modern',
    tools: [{ name: 'located', inputSchema: { type: 'object', properties: { region } } }],
  },
};

/** A tool that wants its argument in a header, too. */
function addLocated(server: McpServer): void {
  const inputSchema = z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }) });
  server.registerTool('located', { inputSchema }, (args) => ({ content: [{ type: 'text', text: args.region }] }));
}

beforeAll(async () => {
  const modern = bothErasMember('modern', 'reject', addLocated);
  scene = await BrokerScene.start({ odd: odd.listener, both: bothErasMember('both', 'stateless'), modern });
  registry = await listen((req, res) => {
    const answer = known[req.url ?? ''];
    res.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' });
    res.end(JSON.stringify(answer ?? { error: { code: 'not_found', message: 'no' } }));
  });
  mcpgw = await listen(createApp(recordedLog().log, mcpgwParts(registry.base, scene.origin)));
});
afterAll(async () => {
  mcpgw.close();
  registry.close();
  await scene.close();
});
beforeEach(() => scene.refused.clear());

/** Calls a tool as the gate forwards it. */
async function call(name: string, args: object, delegation: string | undefined = 'a.b.c') {
  const asCaller: Fetch = (url, init) => {
    const headers = new Headers(init?.headers);
    headers.set('X-Mcp-Assertion', 'a.b.c');
    if (delegation !== '') headers.set('X-Mcp-Delegation', delegation);
    return fetch(url, { ...init, headers });
  };
  const client = await connect(mcpgw.base, asCaller);
  return await client.call(name, { ...args }).finally(() => client.close());
}

test('call_tool calls a tool of either era as its caller, and leaves no session behind', async () => {
  const { failed, text } = await call('call_tool', { server: 'odd', tool: 'headers' });
  expect(failed).toBe(false);
  expect(JSON.parse(text)).toMatchObject({ authorization: 'Bearer a.b.c', 'mcp-protocol-version': '2025-11-25' });
  expect(await until(() => odd.sessions.size === 0, 10_000)).toBe(true);
  const echo = await call('call_tool', { server: 'both', tool: 'echo', arguments: { message: 'hi' } });
  expect(echo).toMatchObject({ failed: false, text: 'Echo: hi' });
});

test('call_read_only_tool calls only what the approved definition says is read-only', async () => {
  expect(await call('call_read_only_tool', { server: 'odd', tool: 'headers' })).toMatchObject({ failed: false });
  const called = odd.logged('tools/call');
  expect(await call('call_read_only_tool', { server: 'odd', tool: 'task' })).toMatchObject({
    failed: true,
    text: 'odd has no tool "task" whose approved definition says that it only reads; call_tool calls the others',
  });
  expect(await call('call_read_only_tool', { server: 'both', tool: 'echo' })).toMatchObject({ failed: true });
  expect(odd.logged('tools/call')).toBe(called);
});

test.each(['call_tool', 'call_read_only_tool'])(
  '%s sends an argument as a header too, if the tool wants it there (x-mcp-header)',
  async (name) => {
    const asked = { server: 'modern', tool: 'located', arguments: { region: 'Tōkyō' } };
    expect(await call(name, asked)).toMatchObject({ failed: false, text: 'Tōkyō' });
  },
);

test.each<[string, object, string]>([
  ['a tool that asks for input', { server: 'both', tool: 'ask' }, 'Connect to the server both itself'],
  ['a tool that is not there', { server: 'odd', tool: 'nothing' }, 'Unknown tool: nothing'],
  ['a result that is none', { server: 'odd', tool: 'page' }, 'neither JSON nor a stream'],
  [
    'a result that is too large',
    { server: 'odd', tool: 'big', arguments: { bytes: 2_000_000 } },
    'larger than 1048576',
  ],
  ['a name that leads elsewhere', { server: '../api', tool: 'x' }, '../api'],
])('fails with a sentence for %s', async (_what, args, sentence) => {
  expect(await call('call_tool', args)).toMatchObject({ failed: true, text: expect.stringContaining(sentence) });
});

test("what the gate refuses comes back in the gate's words", async () => {
  const message = 'Not allowed: tools/call headers on odd.';
  scene.refused.set('odd', { status: 403, code: 'not_permitted', message });
  expect(await call('call_tool', { server: 'odd', tool: 'headers' })).toMatchObject({ failed: true, text: message });
});

test('without a delegation nothing is called', async () => {
  const shown = scene.shown.length;
  const { failed, text } = await call('call_tool', { server: 'odd', tool: 'headers' }, '');
  expect([failed, text]).toEqual([true, expect.stringContaining('reach mcpgw through the gateway')]);
  expect(scene.shown).toHaveLength(shown);
});
