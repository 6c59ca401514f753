import express from 'express';
import supertest from 'supertest';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { Policy } from '../../../../policy/policy.ts';
import { createHubApi } from '../../../../registry/api/hub.ts';
import { mostBytes } from '../../../../registry/hub/picture.ts';
import { type ApprovedDefinitions, createApprovedDefinitions } from '../../../../registry/pins/approved-definitions.ts';
import type { JsonObject } from '../../../../registry/servers/definition.ts';
import { type Health, neverChecked } from '../../../../registry/servers/server-health.ts';
import { toObservedTools } from '../../../../registry/servers/tool.ts';
import type { RegistryStore } from '../../../../registry/store/store.ts';
import { listen, until } from '../../../support/listen.ts';
import {
  admin,
  publicUrl,
  recordingLog,
  signer,
  startRegistry,
  storeOf,
  stranger,
  user,
} from '../../../support/registry/registry-fixture.ts';

const policyOf = (tools: string) =>
  parsePolicy(`
group_mappings: {}
UI-Scopes: {}
mcp-registry-admin:
  - { server: "*", methods: ["*"], tools: ["*"], prompts: ["*"], resources: ["*"] }
mcp-registry-user:
  - { server: weather, methods: [tools/list, tools/call, resources/list], tools: [${tools}], resources: [] }
  - { server: gone, methods: [initialize, tools/call], tools: ["*"] }
`);
const server = (name: string, more = '') =>
  `- { name: ${name}, title: T, description: D, upstream: "http://127.0.0.1:9", transports: { streamable-http: /mcp }${more} }\n`;
const set = (name: string, members: string) => `- { name: ${name}, title: T, description: D, members: [${members}] }\n`;
const serversText = [
  server('weather', ', may: [open_pages, sampling]'),
  server('notes', ', auth: { account: notes, checks: ours }'),
  server('own', ', auth: { account: own }'),
  ...['mcpgw', 'unread', 'linear'].map((name) => server(name)),
  server('off', ', enabled: false'),
  '- { name: events, title: T, description: D, upstream: "http://127.0.0.1:9", transports: { sse: /sse } }\n',
  set(
    'team',
    '{ server: weather, tools: [show, lost] }, { server: notes, prefix: never }, { server: gone }, { server: off }',
  ),
  set('closed', '{ server: notes }').replace(' }\n', ', enabled: false }\n'),
].join('');

/** What the servers send, and what the checks make of it. */
const schema = { type: 'object', properties: { '10': { type: 'string' }, at: { maximum: 1.5 } } };
const sent: Record<string, readonly JsonObject[]> = {
  weather: [
    {
      inputSchema: schema,
      name: 'forecast',
      title: ' F ',
      description: 'Ü\u2028',
      annotations: { readOnlyHint: true },
    },
    { name: 'show', inputSchema: schema, _meta: { ui: { resourceUri: 'ui://weather' }, count: 3 } },
    { name: 'broken' },
    { name: 'worse', inputSchema: schema, annotations: { readOnlyHint: 'yes' } },
  ],
  notes: [{ name: 'write', inputSchema: { type: 'object' } }],
  mcpgw: [{ name: 'intelligent_tool_finder', inputSchema: { type: 'object' } }],
  off: [{ name: 'x', inputSchema: { type: 'object' } }],
  events: [{ name: 'wait', inputSchema: { type: 'object' } }],
};
const ui = { uri: 'ui://weather', name: 'page', unknown: [1, { a: null }] };

let healths: Map<string, Health>;
let store: RegistryStore;
let definitions: ApprovedDefinitions;
let policy: Policy = policyOf('forecast');
let approved: ReadonlyMap<string, ReadonlySet<string>> | undefined;
let registry: Awaited<ReturnType<typeof startRegistry>>;

const answerOf = (tools: readonly JsonObject[], era: 'legacy' | 'modern', lists: object = {}): Health => {
  const nothing = { name: null, title: null, version: null, protocolVersion: null, instructions: null };
  const announced = { ...nothing, era, capabilities: {}, prompts: [], resources: [], resourceTemplates: [], ...lists };
  const at = new Date();
  const details = { unstable: false, latencyMs: 1, checks: [], since: at, announced, seenAt: at };
  const infos = toObservedTools(tools).map(({ info }) => info);
  return { status: 'healthy', checkedAt: at, error: null, tools: infos, details };
};

const healthOf = (name: string) => healths.get(name) ?? neverChecked;

beforeAll(async () => {
  store = await storeOf(serversText);
  definitions = await createApprovedDefinitions(store.definitions, recordingLog().log);
  healths = new Map();
  for (const [name, tools] of Object.entries(sent)) {
    await definitions.observe(name, toObservedTools(tools));
    healths.set(name, answerOf(tools, name === 'notes' ? 'modern' : 'legacy'));
  }
  const lists = {
    prompts: [{ name: 'plan', arguments: [{ name: 'x' }] }, { title: 'no name' }],
    resources: [ui, { uri: 'file:///other', name: 'other' }],
    resourceTemplates: [{ uriTemplate: 'file:///{x}', name: 't' }],
  };
  healths.set('weather', answerOf(sent.weather ?? [], 'legacy', lists));
  healths.set('own', { ...neverChecked, status: 'healthy' });
  healths.set('linear', { ...neverChecked, status: 'needs-authentication' });
  registry = await startRegistry(signer.keys, {
    store,
    definitions,
    healthOf,
    policy: () => policy,
    knownTools: () => ({ approved, readOnly: new Map() }),
  });
});
afterAll(() => registry.close());

const ask = async (claims: object, query = '', audience = '#hub') =>
  supertest(registry.url)
    .get(`/api/hub/lists${query}`)
    .set('x-mcp-assertion', await signer.sign(claims, { audience: `${publicUrl}/${audience}` }));

type Member = { server: string; leftOut?: string } & Record<'tools' | 'prompts' | 'resources' | 'templates', string[]>;
const membersOf = async (claims: object, query = ''): Promise<Map<string, Member>> => {
  const { status, body } = await ask(claims, query);
  expect(status).toBe(200);
  return new Map((body.members as Member[]).map((member) => [member.server, member]));
};
const namesIn = (member: Member | undefined) => member?.tools.map((text) => JSON.parse(text).name);

test('The picture holds each server that the caller may use, with approved tools as they were written, and says what is left out', async () => {
  const members = await membersOf(admin);
  expect([...members.keys()]).toEqual(['events', 'linear', 'notes', 'off', 'own', 'unread', 'weather']);
  const weather = members.get('weather');
  expect(weather?.tools.map((text) => JSON.parse(text))).toEqual([
    {
      name: 'forecast',
      title: ' F ',
      description: 'Ü\u2028',
      inputSchema: schema,
      annotations: { readOnlyHint: true },
    },
    { name: 'show', inputSchema: schema, _meta: { ui: { resourceUri: 'ui://weather' } } },
  ]);
  expect(weather).toMatchObject({
    era: 'old',
    sampling: true,
    pages: true,
    prompts: [JSON.stringify({ name: 'plan', arguments: [{ name: 'x' }] })],
  });
  expect(weather?.resources[0]).toBe(JSON.stringify(ui));
  expect(weather?.templates).toEqual([JSON.stringify({ uriTemplate: 'file:///{x}', name: 't' })]);
  expect(members.get('notes')).not.toHaveProperty('sampling');
  expect(members.get('notes')).toMatchObject({
    era: 'new',
    tools: ['{"name":"write","inputSchema":{"type":"object"}}'],
  });
  expect(members.get('events')).toMatchObject({ transport: 'sse' });
  expect(members.get('off')).toMatchObject({ leftOut: 'It is disabled.', tools: [] });
  expect(members.get('unread')?.leftOut).toContain('No check');
  expect(members.get('linear')?.leftOut).toContain('account of their own');
  // With a credential for checks, a server with accounts is like any other: `notes`.
  expect(members.get('own')?.leftOut).toContain('no check with a credential of the operator');
});

test('The picture shows a caller exactly what the lists of each server would show them, and no name of another server', async () => {
  const members = await membersOf(user);
  expect([...members.keys()]).toEqual(['weather']);
  const { tools, prompts, resources, templates } = members.get('weather') as Member;
  expect(tools.map((text) => JSON.parse(text).name)).toEqual(['forecast']);
  expect([...prompts, ...resources, ...templates]).toEqual([]);
  expect((await ask(stranger)).body.members).toEqual([]);
  approved = new Map([['weather', new Set(['show'])]]);
  expect(namesIn((await membersOf(user)).get('weather'))).toEqual([]);
  expect(namesIn((await membersOf(admin)).get('weather'))).toEqual(['show']);
  approved = undefined;
});

test('Being in a set grants nothing: its picture is the part of the whole that the caller may use anyway', async () => {
  expect([...(await membersOf(user, '?set=team'))].map(([name, { tools }]) => [name, tools])).toEqual([
    ['gone', []],
    ['weather', []],
  ]);
  const members = await membersOf(admin, '?set=team');
  expect(namesIn(members.get('weather'))).toEqual(['show']);
  expect(members.get('weather')).toMatchObject({ resources: [JSON.stringify(ui)], prompts: [] });
  expect(members.get('notes')).toMatchObject({ prefix: 'never' });
  expect(members.get('gone')?.leftOut).toBe('There is no server of this name any more.');
  expect(members.get('off')?.leftOut).toBe('It is disabled.');
  for (const name of ['closed', 'weather', 'unknown', 'x'.repeat(64)])
    expect((await ask(admin, `?set=${name}`)).status).toBe(name.length > 63 ? 400 : 404);
});

test('Only an assertion for the hub opens the picture and the feed, and it opens nothing else of the registry', async () => {
  for (const audience of ['#registry', '#public', '#gate', 'mcpgw', 'hub', 'team'])
    expect((await ask(admin, '', audience)).status).toBe(401);
  const assertion = await signer.sign(admin, { audience: `${publicUrl}/#hub` });
  for (const path of ['/api/servers', '/api/me', '/', '/v0.1/servers', '/api/tools/search?q=x'])
    expect((await supertest(registry.url).get(path).set('x-mcp-assertion', assertion)).status).toBe(401);
  expect((await supertest(registry.url).get('/api/hub/changes')).status).toBe(401);
  expect((await supertest(registry.url).get('/api/hub/other').set('x-mcp-assertion', assertion)).status).toBe(401);
});

test('A changed tool is offered as it was approved, and a new one once it is approved', async () => {
  const before = (await ask(admin)).body;
  expect((await ask(admin)).body).toEqual(before);
  const [first, ...others] = sent.notes ?? [];
  const now = [{ ...first, description: 'Changed.' }, ...others, { name: 'new', inputSchema: { type: 'object' } }];
  await definitions.observe('notes', toObservedTools(now));
  healths.set('notes', answerOf(now, 'modern'));
  expect((await ask(admin)).body).toEqual(before);
  const { pending } = await definitions.of('notes');
  const approvals = [...pending.values()].map(({ name, hash }) => ({ name, hash }));
  await definitions.approve('notes', approvals, { sub: 'a', username: 'alice' });
  const { members } = (await ask(admin)).body;
  const notes = members.find((each: Member) => each.server === 'notes');
  expect(notes.tools).toEqual(now.map((tool) => expect.stringContaining(`"name":"${tool.name}"`)));
  expect(notes.tools[0]).toContain('Changed.');
});

test('The feed tells what changed, once: lists of a server, members of a set, and the policy', async () => {
  const feed = createHubApi({
    ...{ identify: async () => ({ person: admin, audience: '#hub', tool: undefined }) as never },
    ...{
      servers: store.list,
      definitions,
      healthOf,
      policy: () => policy,
      knownTools: () => ({ approved, readOnly: new Map() }),
      intervalMs: 1,
    },
  });
  const served = await listen(express().use(feed));
  const told: unknown[] = [];
  const abort = new AbortController();
  const response = await fetch(`http://127.0.0.1:${served.port}/changes`, { signal: abort.signal });
  const reading = (async () => {
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) if (event.startsWith('data: ')) told.push(JSON.parse(event.slice(6)));
    }
  })().catch(() => undefined);
  const next = async (change: () => unknown) => {
    const before = told.length;
    await change();
    expect(await until(() => told.length > before)).toBe(true);
    return told.at(-1);
  };
  try {
    const weather = healthOf('weather');
    const lists = { ...weather.details?.announced, prompts: [] };
    const again = {
      ...weather,
      details: { ...weather.details, announced: { ...weather.details?.announced } },
    } as Health;
    const change = { ...weather, details: { ...weather.details, announced: lists } } as Health;
    healths.set('weather', again);
    expect(await next(() => healths.set('weather', change))).toEqual({ servers: ['weather'], kinds: ['prompts'] });
    expect(await next(() => (policy = policyOf('show')))).toEqual({ servers: [], kinds: [], policy: true });
    const team = store.get('team');
    const { revision, updatedAt: _, ...settings } = team as NonNullable<typeof team>;
    const members = settings.members?.slice(0, 1) ?? [];
    const by = { sub: 'a', username: 'alice' };
    const edit = () => store.change({ name: 'team', revision, next: { ...settings, members }, action: 'edit', by });
    expect(await next(edit)).toEqual({ servers: ['team'], kinds: ['tools', 'prompts', 'resources'] });
    expect(told).toHaveLength(3);
  } finally {
    abort.abort();
    await reading;
    await served.close();
  }
});

test('A picture stays below 8 MB: a server that does not fit is left out and named', async () => {
  const { createPictures } = await import('../../../../registry/hub/picture.ts');
  const text = JSON.stringify({ name: 'big' });
  const element = { value: { name: 'big' }, text, bytes: mostBytes / 2 };
  const picture = createPictures({
    servers: () => store.list().filter(({ name }) => ['events', 'notes', 'weather'].includes(name)),
    elementsOf: async () => ({ tools: [element], prompts: [], resources: [], templates: [] }),
    ...{ healthOf, policy: () => policy, knownTools: () => ({ readOnly: new Map() }) },
  });
  const { members } = await picture(admin.scopes);
  expect(members.map(({ server: name, leftOut }) => [name, leftOut?.includes('8 MB') ?? false])).toEqual([
    ['events', false],
    ['notes', false],
    ['weather', true],
  ]);
});
