import supertest from 'supertest';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { parseServers } from '../../../../registry/store/servers-file.ts';
import { admin, publicUrl, signer, startRegistry, storeOf, user } from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings: {}
UI-Scopes:
  mcp-registry-admin:
    { list_service: [all], register_service: [all], modify_service: [all], toggle_service: [all], health_check_service: [all] }
  mcp-registry-user: { list_service: [notes, team, mine], register_service: [mine], modify_service: [mine] }
`);
const serversText = `
${['notes', 'weather', 'mcpgw'].map((name) => `- { name: ${name}, title: ${name}, description: D, upstream: "http://127.0.0.1:9", transports: { streamable-http: /mcp } }`).join('\n')}
- name: team
  title: The team
  description: What the team needs
  members:
    - server: notes
    - { server: weather, tools: [forecast], prefix: never }
    - { server: gone, tools: [a, b] }
  tags: [team]
`;
const members = [
  { server: 'notes', tools: null, prefix: null },
  { server: 'weather', tools: ['forecast'], prefix: 'never' },
  { server: 'gone', tools: ['a', 'b'], prefix: null },
];

let registry: Awaited<ReturnType<typeof startRegistry>>;
let published = 0;
let checked = 0;
beforeEach(async () => {
  [published, checked] = [0, 0];
  const publish = async () => ({ state: 'ok', published: published++ }) as const;
  const examine = async () => 'A set has no address to examine.';
  const edits = { publish, examine, onRouted: () => void checked++ };
  registry = await startRegistry(signer.keys, { policy: () => policy, store: await storeOf(serversText), edits });
});
afterEach(() => registry.close());

const api = async (
  claims: object,
  method: 'get' | 'post' | 'put' | 'patch' | 'delete',
  path: string,
  body?: object,
) => {
  const assertion = await signer.sign(claims, { audience: `${publicUrl}/#registry` });
  return supertest(registry.url)[method](path).set('x-mcp-assertion', assertion).send(body);
};
const set = (name: string, of: readonly unknown[]) => ({ name, title: 'Mine', description: 'D', members: of });

test('A set is read from SERVERS_FILE, and shown with its address and no place where it runs', async () => {
  const { body } = await api(admin, 'get', '/api/servers/team');
  expect(body).toMatchObject({ kind: 'set', members, status: 'unknown', tools: [], tags: ['team'] });
  expect(body.endpoints).toEqual({ 'streamable-http': `${publicUrl}/team/mcp` });
  expect(JSON.stringify(body)).not.toContain('invalid');
  const { body: entry } = await api(admin, 'get', '/v0.1/servers?search=team');
  expect(entry.servers[0].server.remotes).toEqual([{ type: 'streamable-http', url: `${publicUrl}/team/mcp` }]);
  expect((await api(admin, 'get', '/api/servers/notes')).body).toMatchObject({ kind: 'server', members: null });
});

test('People see those servers of a set that they may see, and all of them if they may change the set', async () => {
  const { body } = await api(user, 'get', '/api/servers/team');
  expect(body.members).toEqual([members[0]]);
  expect((await api(admin, 'get', '/api/servers/team')).body.members).toEqual(members);
});

test.each([
  ['a server that is not there', [{ server: 'unknown' }], /There is no server "unknown"/],
  [
    'a server that the person may not see',
    [{ server: 'weather' }],
    /There is no server "weather", or you may not see it/,
  ],
  ['a set', [{ server: 'team' }], /"team" is a set itself/],
  ['itself', [{ server: 'mine' }], /There is no server "mine"/],
  ['no server', [], /must name a server/],
  ['a server twice', [{ server: 'notes' }, { server: 'notes' }], /must not repeat a server/],
  ['an empty list of tools', [{ server: 'notes', tools: [] }], /must name a tool/],
  ['a tool twice', [{ server: 'notes', tools: ['a', 'a'] }], /must not repeat a tool/],
  ['101 servers', Array.from({ length: 101 }, (_, i) => ({ server: `s${i}` })), /at most 100 servers/],
  ['a reserved name', [{ server: 'hub' }], /a name that the gateway uses itself/],
  ['another prefix', [{ server: 'notes', prefix: 'mine' }], /must be never/],
])('A set with %s is refused, and nothing is kept', async (_what, of, reason) => {
  const { status, body } = await api(user, 'post', '/api/servers', set('mine', of));
  expect([status, body.error.code]).toEqual([400, 'input_invalid']);
  expect(body.error.message).toMatch(reason);
  expect(registry.store.get('mine')).toBeUndefined();
});

test('A set cannot have mcpgw, two servers without prefix, an upstream of its own, or a reserved name', async () => {
  const refused = async (body: object) => (await api(admin, 'post', '/api/servers', body)).body.error?.message;
  expect(await refused(set('mine', [{ server: 'mcpgw' }]))).toMatch(/calls other servers itself/);
  const two = ['notes', 'weather'].map((server) => ({ server, prefix: 'never' }));
  expect(await refused(set('mine', two))).toMatch(/one server without prefix at most/);
  expect(await refused({ ...set('mine', [{ server: 'notes' }]), upstream: 'http://a' })).toMatch(/upstream/);
  for (const name of ['mcp', 'hub', 'sse'])
    expect(await refused(set(name, [{ server: 'notes' }]))).toMatch(/uses itself/);
});

test('A set is registered, changed, disabled and deleted like a server, without a check, and the log says what it offered', async () => {
  const first = await api(user, 'post', '/api/servers', set('mine', [{ server: 'notes' }]));
  expect([first.status, first.body.route]).toEqual([201, 'ok']);
  const { revision } = first.body.server;
  const next = { title: 'M', description: 'D', members: [{ server: 'notes', tools: ['x'] }], revision };
  const edited = await api(user, 'put', '/api/servers/mine', next);
  expect(edited.body.server.members).toEqual([{ server: 'notes', tools: ['x'], prefix: null }]);
  const { body } = await api(user, 'patch', '/api/servers/mine', {
    tags: ['a'],
    revision: edited.body.server.revision,
  });
  expect(body.server).toMatchObject({ title: 'M', tags: ['a'], members: edited.body.server.members });
  expect((await api(admin, 'post', '/api/servers/mine/check', {})).body.error.message).toContain('is a set');
  expect((await api(admin, 'post', '/api/servers/mine/disable', {})).status).toBe(200);
  expect((await api(admin, 'delete', '/api/servers/mine', {})).status).toBe(200);
  const { body: log } = await api(admin, 'get', '/api/changes?server=mine');
  expect(JSON.stringify(log)).toContain('members');
  // Its route comes with it, goes when it is disabled, and does not depend on its members.
  expect([published, checked]).toEqual([2, 0]);
});

test('A set stays a set and a server a server', async () => {
  const team = registry.store.get('team');
  const location = { upstream: 'http://127.0.0.1:9', transports: { 'streamable-http': '/mcp' } };
  const asServer = { title: 'T', description: 'D', ...location, revision: team?.revision };
  expect((await api(admin, 'put', '/api/servers/team', asServer)).status).toBe(400);
  const revision = registry.store.get('notes')?.revision;
  const asSet = { title: 'T', description: 'D', members: [{ server: 'weather' }], revision };
  expect((await api(admin, 'put', '/api/servers/notes', asSet)).status).toBe(400);
  expect((await api(admin, 'patch', '/api/servers/notes', { members: asSet.members, revision })).status).toBe(400);
});

test('A deleted member stays in its set while others are changed, and is left out where the set is used', async () => {
  await api(admin, 'delete', '/api/servers/weather', {});
  const revision = registry.store.get('team')?.revision;
  const { status, body } = await api(admin, 'patch', '/api/servers/team', { members: members.slice(0, 2), revision });
  expect([status, body.server.members]).toEqual([200, members.slice(0, 2)]);
});

test('An import takes a set as the API and SERVERS_FILE write it, and updates it later', async () => {
  const ours = set('mine', [{ server: 'notes' }]);
  const { body } = await api(admin, 'post', '/api/import', [ours, set('other', [{ server: 'unknown' }])]);
  expect(body.results).toMatchObject([
    { name: 'mine', format: 'set', outcome: 'registered' },
    { name: 'other', outcome: 'refused', reason: expect.stringContaining('There is no server "unknown"') },
  ]);
  const again = await api(admin, 'post', '/api/import', set('mine', [{ server: 'weather' }]));
  expect(again.body.results).toMatchObject([{ outcome: 'updated', changes: [expect.stringContaining('members')] }]);
  expect(registry.store.get('mine')?.members).toEqual([{ server: 'weather', tools: null, prefix: null }]);
});

test('A servers file says at which line a set is wrong', () => {
  const text = '- name: a\n  title: A\n  description: A\n  members:\n    - server: "no name"\n';
  expect(() => parseServers(text)).toThrow(/line 5: \[0\]\.members\[0\]\.server: must be 1 to 63/);
});
