import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { Health } from '../../../../registry/servers/server-health.ts';
import {
  admin,
  neverChecked,
  signer,
  startRegistry,
  storeOf,
  stranger,
  toolOf,
  user,
} from '../../../support/registry/registry-fixture.ts';

interface Tool {
  name: string;
  id: string;
  says: string;
  server?: string;
}
interface Palette {
  places: { label: string; href: string }[];
  actions: { label: string; href: string }[];
  servers: { name: string; title: string; says: string; mayEdit: boolean; tools: Tool[] }[];
  hasAllTools: boolean;
}

const policy = parsePolicy(`
group_mappings: { mcp-registry-admin: [mcp-registry-admin], mcp-registry-user: [mcp-registry-user] }
UI-Scopes:
  mcp-registry-admin: { list_service: [all], register_service: [all], modify_service: [currenttime], view_audit: [all] }
  mcp-registry-user: { list_service: [currenttime] }
mcp-registry-admin:
  - { server: "*", methods: ["*"], tools: ["*"] }
mcp-registry-user:
  - { server: currenttime, methods: [tools/call], tools: [tell_*] }
  - { server: secret-plans, methods: [tools/call], tools: ["*"] }
`);
const tools = [
  toolOf('tell_time', { description: `Tells ${'the time '.repeat(20)}\nThe second line` }),
  toolOf('set_clock', { title: 'Set <b>it</b>', description: 'Sets the clock.' }),
  toolOf('tell "all" 💥\u202e', { description: 'x\u200b'.repeat(100) }),
];
const health: Record<string, Health> = {
  currenttime: { status: 'healthy', checkedAt: new Date(), error: null, tools },
  'secret-plans': { status: 'unhealthy', checkedAt: new Date(), error: 'It is away.', tools: [toolOf('read_plan')] },
};
const registry = await startRegistry(signer.keys, {
  policy: () => policy,
  healthOf: (name) => health[name] ?? neverChecked,
});
afterAll(() => registry.close());

const ask = async (who: object, query = '', url = registry.url) => {
  const answer = await fetch(`${url}/-/palette${query}`, { headers: { 'X-Mcp-Assertion': await signer.sign(who) } });
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
  return (await answer.json()) as Palette & { tools: Tool[] };
};

test('An administrator gets every server with its tools, all pages, and what they may do', async () => {
  const { places, actions, servers, hasAllTools } = await ask(admin);
  expect(places.map(({ href }) => href)).toEqual([
    '/',
    '/rights',
    '/audit',
    '/usage',
    '/account',
    '/requests',
    '/servers/-/history',
  ]);
  expect(actions.map(({ href }) => href)).toEqual(['/register', '/register?kind=set', '/register#import']);
  expect(servers.map(({ name, says, mayEdit }) => [name, says, mayEdit])).toEqual([
    ['currenttime', '3 tools, healthy', true],
    ['secret-plans', '1 tool, unhealthy', false],
  ]);
  expect(servers.map((server) => server.tools.map(({ name }) => name))).toEqual([
    ['tell_time', 'set_clock', 'tell "all" 💥\u{fffd}'],
    ['read_plan'],
  ]);
  expect(hasAllTools).toBe(true);
});

test('A person gets the servers that they may see and the tools that they may call there, and no more', async () => {
  const { places, actions, servers } = await ask(user);
  expect(places.map(({ href }) => href)).toEqual(['/', '/rights', '/account', '/requests', '/servers/-/history']);
  expect(actions).toEqual([]);
  expect(servers.map(({ name, mayEdit }) => [name, mayEdit])).toEqual([['currenttime', false]]);
  expect(servers[0]?.tools.map(({ name }) => name)).toEqual(['tell_time']);
  expect((await ask(stranger)).servers).toEqual([]);
  expect((await ask(user, '?q=plan')).tools).toEqual([]);
});

test('A tool comes with the id of its element on the page of its server, and the first words of what it says, with a sign for each invisible character', async () => {
  const [first, second, third] = (await ask(admin)).servers[0]?.tools ?? [];
  expect(first?.id).toBe('tool-tell_time');
  expect(first?.says).toMatch(/^Tells the time .{50,70}…$/);
  expect(second?.says).toBe('Set <b>it</b>');
  expect(third?.id).toMatch(/^tool-[\w-]{8}$/);
  expect(third?.says).toMatch(/^(x\u{fffd})+…$/u);
  expect(third?.says.length).toBe(81);
});

test('With too many tools, it has none of them and says so, and finds those that fit by the search', async () => {
  const many = Array.from({ length: 900 }, (_, i) =>
    toolOf(`tool_${i}`, { description: i === 7 ? 'Paints walls' : null }),
  );
  const names = ['one', 'two', 'three'];
  const about = {
    description: 'One of many',
    upstream: 'http://127.0.0.1:8000',
    transports: { 'streamable-http': '/mcp' },
  };
  const store = await storeOf(JSON.stringify(names.map((name) => ({ name, title: `Server ${name}`, ...about }))));
  const healthOf = (name: string): Health =>
    name === 'one'
      ? { ...neverChecked, status: 'healthy', tools: many }
      : { ...neverChecked, tools: many.map((tool) => ({ ...tool, description: null })) };
  const large = await startRegistry(signer.keys, { store, policy: () => policy, healthOf });
  try {
    const all = await ask(admin, '', large.url);
    expect(all.hasAllTools).toBe(false);
    expect(all.servers.map(({ name, says, tools: own }) => [name, says, own])).toEqual([
      ['one', '900 tools, healthy', []],
      ['three', '900 tools, not checked yet', []],
      ['two', '900 tools, not checked yet', []],
    ]);
    // On a busy machine, the first searches come before the index is complete.
    let found: Tool[] = [];
    while (found.length === 0) found = (await ask(admin, '?q=paint', large.url)).tools;
    expect(found).toEqual([{ name: 'tool_7', id: 'tool-tool_7', says: 'Paints walls', server: 'one' }]);
    expect((await ask(user, '?q=paint', large.url)).tools).toEqual([]);
  } finally {
    await large.close();
  }
});
