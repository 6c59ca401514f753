import supertest from 'supertest';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { type ApprovedDefinitions, createApprovedDefinitions } from '../../../../registry/pins/approved-definitions.ts';
import type { Health } from '../../../../registry/servers/server-health.ts';
import { toObservedTools } from '../../../../registry/servers/tool.ts';
import type { RegistryStore } from '../../../../registry/store/store.ts';
import {
  admin,
  neverChecked,
  publicUrl,
  recordingLog,
  signer,
  startRegistry,
  storeOf,
  user,
} from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings: { mcp-registry-admin: [mcp-registry-admin], team: [mcp-registry-user], others: [other] }
UI-Scopes:
  mcp-registry-admin:
    { list_service: [all], register_service: [all], modify_service: [all], toggle_service: [all], health_check_service: [all] }
  mcp-registry-user: { list_service: [weather, team] }
mcp-registry-admin: [{ server: "*", methods: ["*"], tools: ["*"] }]
mcp-registry-user:
  - { server: team, methods: [tools/list] }
  - { server: weather, methods: [tools/list, tools/call], tools: [forecast] }
other: [{ server: weather, methods: [tools/list] }]
`);
const long = `a_${'very_'.repeat(9)}long_name`;
const serversText = `
${['weather', 'notes', 'mcpgw', 'unread'].map((name) => `- { name: ${name}, title: "The ${name}", description: D, upstream: "http://127.0.0.1:9", transports: { streamable-http: /mcp } }`).join('\n')}
- name: team
  title: Our <team>
  description: What the team needs
  members: [{ server: weather }, { server: notes, tools: [write, lost], prefix: never }, { server: gone }, { server: unread }]
`;
const sent = {
  weather: ['forecast', 'radar', long].map((name) => ({
    name,
    title: `Says ${name}`,
    inputSchema: { type: 'object' },
  })),
  notes: [
    { name: 'write', inputSchema: { type: 'object' } },
    { name: 'read', inputSchema: { type: 'object' } },
  ],
};

let store: RegistryStore;
let definitions: ApprovedDefinitions;
let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeEach(async () => {
  store = await storeOf(serversText);
  definitions = await createApprovedDefinitions(store.definitions, recordingLog().log);
  const healths = new Map<string, Health>();
  for (const [name, tools] of Object.entries(sent)) {
    await definitions.observe(name, toObservedTools(tools));
    const at = new Date();
    const nothing = {
      name: null,
      title: null,
      version: null,
      protocolVersion: null,
      era: 'legacy',
      instructions: null,
    };
    const announced = { ...nothing, capabilities: {}, prompts: [], resources: [], resourceTemplates: [] };
    const details = { unstable: false, latencyMs: 1, checks: [], since: at, announced, seenAt: at };
    const infos = toObservedTools(tools).map(({ info }) => info);
    healths.set(name, { status: 'healthy', checkedAt: at, error: null, tools: infos, details });
  }
  const healthOf = (name: string) => healths.get(name) ?? neverChecked;
  registry = await startRegistry(signer.keys, { store, definitions, healthOf, policy: () => policy });
});
afterEach(() => registry.close());

const get = async (path: string, who: object = admin) => {
  const { status, text } = await supertest(registry.url)
    .get(path)
    .set('x-mcp-assertion', await signer.sign(who))
    .set('accept', 'text/html');
  return { status, html: text };
};
const send = async (path: string, fields: [string, string][], who: object = admin) =>
  supertest(registry.url)
    .post(path)
    .set('x-mcp-assertion', await signer.sign(who))
    .set('origin', publicUrl)
    .type('form')
    .send(new URLSearchParams(fields).toString());
const what: [string, string][] = [
  ['title', 'Mine'],
  ['name', 'mine'],
  ['description', 'D'],
  ['enabled', 'on'],
];
const all = { tools: null, prefix: null };

test('The list and the palette show a set as one, with its servers, without a check button', async () => {
  const { html } = await get('/');
  const row = html.slice(html.indexOf('id="row-team"'), html.indexOf('</li>', html.indexOf('id="row-team"')));
  expect(row).toMatch(/<\/svg>Set<\/span>/);
  expect(row).toContain('4<span class="unit"> servers</span>');
  expect([row.includes('/enable') || row.includes('/disable'), row.includes('/check')]).toEqual([true, false]);
  const palette = JSON.parse((await get('/-/palette')).html);
  expect(palette.servers).toContainEqual(expect.objectContaining({ name: 'team', says: 'set of 4 servers' }));
});

test('The page of a set shows its tools by their names there, what is left out and why, and its lines', async () => {
  const { status, html } = await get('/servers/team');
  expect(status).toBe(200);
  for (const name of ['weather__forecast', 'weather__radar', '>write<', 'Our &lt;team&gt;'])
    expect(html).toContain(name);
  expect(html).toContain('Its name does not fit behind the name of its server.');
  expect(html).toContain('Its server does not announce it now.');
  expect(html).toContain('There is no server of this name any more. Or you may not see it.');
  expect(html).toContain('No check has read what it offers yet.');
  expect(html).not.toMatch(/weather__a_very|notes__write|Health<\/a>|Check now/);
  expect(html).toContain('    - server: notes\n      tools:\n        - write\n        - lost\n      prefix: never');
  expect((await get('/servers/team/health')).status).toBe(404);
});

test('A person sees only the servers of a set that they may see, and which tools are not for them', async () => {
  const { html } = await get('/servers/team', user);
  expect(html).toContain('3 other servers of this set are not shown');
  expect(html).not.toMatch(/notes|gone|unread/);
  const item = (name: string) => html.slice(html.indexOf(name), html.indexOf('</li>', html.indexOf(name)));
  expect(item('weather__forecast')).not.toContain('not for you');
  expect(item('weather__radar')).toContain('not for you');
});

test('The page of a set has the lines for clients, and says who may open it: any rule that names it', async () => {
  expect((await get('/servers/team/connect', user)).html).toContain(`${publicUrl}/team/mcp`);
  const { html } = await get('/servers/team/access');
  expect(html).toMatch(/<code>team<\/code>[\s\S]*?data-label="Opens it"><span>yes/);
  expect(html).toContain('Being in a set grants nothing');
  expect((await get('/rights', user)).html).toContain(
    'A set that you may open: what you may call of it stands with its servers.',
  );
});

test('The form makes a set of whole servers and of single tools, without a script', async () => {
  const { html } = await get('/register?kind=set');
  expect(html).toContain('<input type="checkbox" name="tool" value="weather forecast">');
  expect(html).not.toMatch(/value="(?:mcpgw|team)"/);
  expect(html).toContain('name too long to be offered');
  const fields: [string, string][] = [...what, ['all', 'notes'], ['tool', 'weather radar'], ['plain', 'weather']];
  const answer = await send('/servers/register/set', fields);
  expect([answer.status, answer.headers.location]).toEqual([303, expect.stringMatching(/^\/servers\/mine\?note=/)]);
  expect(store.get('mine')?.members).toEqual([
    { server: 'notes', ...all },
    { server: 'weather', tools: ['radar'], prefix: 'never' },
  ]);
  expect((await get('/register?kind=set', user)).status).toBe(403);
});

test('A form with faults keeps what was chosen, and says at each field what is wrong', async () => {
  const empty = await send('/servers/register/set', what);
  expect([empty.status, empty.text]).toEqual([
    400,
    expect.stringContaining('Choose a tool, or all tools of a server.'),
  ]);
  const fields: [string, string][] = [
    ['title', ''],
    ['name', 'team'],
    ['description', 'D'],
    ['tool', 'weather radar'],
  ];
  const { text } = await send('/servers/register/set', fields);
  expect(text).toContain('Title</a>: Must not be empty.');
  expect(text).toContain('value="weather radar" checked');
  const taken = await send(
    '/servers/register/set',
    [...what, ['name', 'x']].map(([k, v]) => [k, k === 'name' ? 'team' : v]) as never,
  );
  expect(taken.text).not.toContain('is made');
});

test('The form of a set is filled in with what it has, also what is gone, and saves against its revision', async () => {
  const { html } = await get('/servers/team/edit');
  for (const part of [
    'name="all" value="gone" checked',
    'value="notes lost" checked',
    'not announced now',
    '<option value="notes" selected>',
  ])
    expect(html).toContain(part);
  const revision = String(store.get('team')?.revision);
  const fields: [string, string][] = [
    ['title', 'T'],
    ['description', 'D'],
    ['all', 'gone'],
    ['tool', 'notes read'],
    ['revision', revision],
  ];
  const saved = await send('/servers/team/edit', fields);
  expect([saved.status, saved.headers.location]).toEqual([303, expect.stringMatching(/^\/servers\/team\?note=/)]);
  expect(store.get('team')?.members).toEqual([
    { server: 'gone', ...all },
    { server: 'notes', tools: ['read'], prefix: null },
  ]);
  const late = await send('/servers/team/edit', fields);
  expect([late.status, late.text]).toEqual([409, expect.stringContaining('alice has changed this set meanwhile')]);
  expect(late.text).toContain(`name="revision" value="${store.get('team')?.revision}"`);
  expect((await send('/servers/team/edit', fields, user)).status).toBe(403);
});

test('The start page and My account show the one address for all servers to those whom a rule lets open it', async () => {
  const url = `${publicUrl}/mcp`;
  expect((await get('/')).html).toContain(`<code>${url}</code>`);
  const { html } = await get('/account?client=cursor');
  expect(html).toContain(`id="everything-url">${url}</code>`);
  expect(html).toMatch(/account\?client=cursor#everything" aria-current="page"/);
  for (const path of ['/', '/account']) expect((await get(path, user)).html).not.toContain(url);
});
