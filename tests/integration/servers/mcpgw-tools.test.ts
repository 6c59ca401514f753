import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { scopesOfGroups } from '../../../policy/policy.ts';
import type { Health } from '../../../registry/servers/server-health.ts';
import { createApp } from '../../../servers/mcpgw/server.ts';
import { admin, publicUrl, signer, startRegistry, storeOf, toolOf } from '../../support/registry/registry-fixture.ts';
import {
  connect,
  type Fetch,
  listen,
  mcpgwParts,
  recordedLog,
  type ToolResult,
} from '../../support/servers/mcp-clients.ts';

const policy = parsePolicy(`
group_mappings:
  admins: [mcp-registry-admin, call/all]
  lookers: [look]
  timekeepers: [look, call/time]
UI-Scopes:
  mcp-registry-admin:
    {list_service: [all], register_service: [all], health_check_service: [all], toggle_service: [all], modify_service: [all]}
  look: {list_service: [currenttime]}
call/all: [{server: "*", methods: [tools/call], tools: ["*"]}]
call/time: [{server: currenttime, methods: [tools/call], tools: [current_time_by_timezone]}]
`);
const person = (username: string, group: string) => ({
  ...admin,
  sub: `sub-of-${username}`,
  username,
  groups: [group],
  scopes: scopesOfGroups(policy, [group]),
});
const alice = person('alice', 'admins');
const bob = person('bob', 'lookers');
const tina = person('tina', 'timekeepers');

const transports = { 'streamable-http': '/mcp' };
const servers = ['currenttime', 'weather'].map((name, index) => ({
  name,
  title: name,
  description: `All about ${name}`,
  upstream: `http://127.0.0.1:${8000 + index}`,
  transports,
}));
const schema = { type: 'object', properties: { tz_name: { type: 'string', description: 'IANA time zone' } } };
const tools: Record<string, Health['tools']> = {
  currenttime: [
    toolOf('current_time_by_timezone', { description: 'The current time in a time zone.', inputSchema: schema }),
    toolOf('set_time', { description: 'Sets the current time of the clock.' }),
  ],
  weather: [toolOf('get_forecast', { description: 'Weather forecast by the current time of day.' })],
};
const healthOf = (name: string): Health => ({
  status: name === 'weather' ? 'unhealthy' : 'healthy',
  checkedAt: new Date('2026-01-02T03:04:05Z'),
  error: name === 'weather' ? 'Nothing listens at its address.' : null,
  tools: tools[name] ?? [],
});

let registry: Awaited<ReturnType<typeof startRegistry>>;
let mcpgw: Awaited<ReturnType<typeof listen>>;
beforeEach(async () => {
  registry = await startRegistry(signer.keys, {
    policy: () => policy,
    store: await storeOf(JSON.stringify(servers)),
    healthOf,
    check: async ({ name }) => healthOf(name),
  });
  mcpgw = await listen(createApp(recordedLog().log, mcpgwParts(registry.url)));
});
afterEach(async () => {
  mcpgw.close();
  await registry.close();
});

/** Calls a tool as the gateway forwards the call: with an assertion for mcpgw that names the tool. */
async function ask(
  who: object,
  tool: string,
  args: object = {},
  named: string | undefined = tool,
): Promise<ToolResult> {
  const assertion = await signer.sign({ ...who, tool: named }, { audience: `${publicUrl}/mcpgw` });
  const asWho: Fetch = (url, init) => {
    const headers = new Headers(init?.headers);
    headers.set('X-Mcp-Assertion', assertion);
    return fetch(url, { ...init, headers });
  };
  const client = await connect(mcpgw.base, asWho);
  return await client.call(tool, { ...args }).finally(() => client.close());
}

const time = { natural_language_query: 'what is the current time' };

describe('intelligent_tool_finder', () => {
  test('returns exactly the tools that each person may call, and how to call them', async () => {
    const found = await ask(tina, 'intelligent_tool_finder', time);
    expect(found.values).toEqual({
      tools: [
        {
          server: 'currenttime',
          tool: 'current_time_by_timezone',
          title: null,
          description: 'The current time in a time zone.',
          input_schema: schema,
          read_only: false,
          call_with: 'call_tool',
          endpoints: { 'streamable-http': `${publicUrl}/currenttime/mcp` },
          score: 1,
        },
      ],
      total: 1,
      why: null,
    });
    expect(found.text).toContain(`streamable-http: ${publicUrl}/currenttime/mcp`);
    expect(found.text).toContain('call: call_tool with server "currenttime", tool "current_time_by_timezone" and');
    expect(found.text).toContain('tools/call with name "current_time_by_timezone"');
    const all = await ask(alice, 'intelligent_tool_finder', time);
    expect(all.values).toMatchObject({ total: 3 });
  });

  test('explains to a caller without rights what is missing, without revealing hidden servers', async () => {
    const { failed, text, values } = await ask(bob, 'intelligent_tool_finder', time);
    expect([failed, values?.tools]).toEqual([false, []]);
    expect(text).toBe(
      'You may see currenttime, and call no tool there. The maintainer of the policy can give you a rule with tools/call: for currenttime, the group timekeepers or admins has one.',
    );
    const weather = { natural_language_query: 'weather', server: 'weather' };
    const nowhere = { natural_language_query: 'weather', server: 'nowhere' };
    const [hidden, missing] = [
      await ask(bob, 'intelligent_tool_finder', weather),
      await ask(bob, 'intelligent_tool_finder', nowhere),
    ];
    expect(hidden).toEqual(missing);
    expect(hidden.text).toContain('no such server that you may see');
  });

  test.each([
    [{ top_k_tools: 1 }, ['currenttime']],
    [{ top_n_tools: 2 }, ['currenttime', 'currenttime']],
    [{ top_k_tools: 20, top_k_services: 1 }, ['currenttime', 'currenttime']],
    [{ server: '/weather/' }, ['weather']],
  ])('accepts %j', async (more, expected) => {
    const { values } = await ask(alice, 'intelligent_tool_finder', { ...time, ...more });
    expect(values?.tools).toMatchObject(expected.map((server) => ({ server })));
  });

  test.each([
    [{ session_cookie: 'x' }],
    [{ username: 'alice' }],
    [{ top_k_tools: 21 }],
    [{ natural_language_query: ' ' }],
  ])('rejects %j', async (more) => {
    const refused = await ask(alice, 'intelligent_tool_finder', { ...time, ...more }).catch((error: unknown) => error);
    expect(refused instanceof Error || (refused as ToolResult).failed).toBe(true);
  });
});

test('get_service_tools and healthcheck show what the registry knows about visible servers', async () => {
  const shown = await ask(bob, 'get_service_tools', { service_name: 'currenttime' });
  expect(shown.values).toMatchObject({
    service_name: 'currenttime',
    tools: [{ name: 'current_time_by_timezone', inputSchema: schema }, { name: 'set_time' }],
    total: 2,
  });
  expect((await ask(bob, 'get_service_tools', { service_name: 'weather' })).text).toContain('that you may see');
  const health = await ask(alice, 'healthcheck');
  expect(health.values).toMatchObject({ total: 2, states: { healthy: 1, unhealthy: 1 } });
  expect(health.text).toContain('weather: unhealthy, checked at 2026-01-02T03:04:05.000Z');
  expect((await ask(bob, 'healthcheck')).values).toMatchObject({ total: 1, states: { healthy: 1 } });
});

test('Tools register, check, disable, enable and remove a server, and the log names the caller', async () => {
  const notes = { name: 'notes', description: 'Keeps notes', upstream: 'http://127.0.0.1:9000' };
  const registered = await ask(alice, 'register_service', notes);
  expect(registered.values).toMatchObject({ server: { name: 'notes', title: 'notes', enabled: true }, route: 'ok' });
  expect(await ask(alice, 'refresh_service', { service_name: 'notes' })).toMatchObject({
    values: { name: 'notes', status: 'healthy' },
  });
  const disabled = await ask(alice, 'toggle_service', { service_name: 'notes', enabled: false });
  expect(disabled.text).toMatch(/^notes is disabled\.\n\nnotes: notes \(disabled\)/);
  expect((await ask(alice, 'healthcheck')).values).toMatchObject({ states: { disabled: 1 } });
  const again = await ask(alice, 'refresh_service', { service_name: 'notes' });
  expect(again).toMatchObject({ failed: true, text: 'server_disabled: "notes" is disabled: enable it first.' });
  await ask(alice, 'toggle_service', { service_name: 'notes', enabled: true });
  expect(await ask(alice, 'remove_service', { service_name: 'notes' })).toMatchObject({ values: { server: null } });
  const changes = await registry.store.changes({ servers: ['notes'], before: undefined, limit: 10 });
  expect(changes.map(({ action, by }) => `${by.username} ${action}`)).toEqual([
    'alice delete',
    'alice enable',
    'alice disable',
    'alice register',
  ]);
});

test.each([
  [
    'register_service',
    { name: 'notes', description: 'x', upstream: 'http://127.0.0.1:9000' },
    'register_service for "notes"',
  ],
  ['toggle_service', { service_name: 'currenttime', enabled: false }, 'toggle_service for "currenttime"'],
  ['refresh_service', { service_name: 'currenttime' }, 'health_check_service for "currenttime"'],
  ['remove_service', { service_name: 'currenttime' }, 'modify_service for "currenttime"'],
])(
  '%s by bob, who lacks the UI-Scope, names the missing permission and who can grant it',
  async (tool, args, permission) => {
    const before = registry.store.list();
    const { failed, text } = await ask(bob, tool, args);
    expect([failed, text]).toEqual([
      true,
      `not_permitted: You need the permission ${permission}. Ask an administrator to grant it to your group.`,
    ]);
    expect(registry.store.list()).toEqual(before);
  },
);

test('An invalid registration returns every fault', async () => {
  const { failed, text } = await ask(alice, 'register_service', {
    name: 'Bad Name',
    description: 'x',
    upstream: 'nowhere',
  });
  expect(failed).toBe(true);
  expect(text).toMatch(/^input_invalid: /);
  expect(text).toContain('\n- name must be 1 to 63');
  expect(text).toContain('\n- upstream ');
});

test('mcpgw cannot make changes with the assertion of another call', async () => {
  const before = registry.store.list();
  const args = { service_name: 'currenttime' };
  for (const named of ['list_services', 'toggle_service', 'remove_services', ''])
    expect(await ask(alice, 'remove_service', args, named)).toMatchObject({
      failed: true,
      text: 'the registry does not accept your identity (401); log in at the gateway again',
    });
  expect(registry.store.list()).toEqual(before);
});

test('Annotations tell which tools are read-only, destructive or idempotent', async () => {
  const client = await connect(mcpgw.base);
  const told = (await client.listTools()).map(({ name, annotations }) => {
    const { readOnlyHint, destructiveHint, idempotentHint } = annotations as Record<string, boolean>;
    return [name, readOnlyHint, destructiveHint, idempotentHint];
  });
  await client.close();
  expect(told).toEqual([
    ['intelligent_tool_finder', true, false, false],
    ['call_read_only_tool', true, false, false],
    ['call_tool', false, true, false],
    ['list_services', true, false, false],
    ['get_server_details', true, false, false],
    ['get_service_tools', true, false, false],
    ['healthcheck', true, false, false],
    ['refresh_service', false, false, true],
    ['register_service', false, false, false],
    ['toggle_service', false, true, true],
    ['remove_service', false, true, false],
  ]);
});
