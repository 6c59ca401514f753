import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createRequests } from '../../../../registry/requests/requests.ts';
import type { Health } from '../../../../registry/servers/server-health.ts';
import { memoryDoor, replayOf, replayRow } from '../../../support/registry/policy-door.ts';
import {
  admin,
  neverChecked,
  publicUrl,
  signer,
  startRegistry,
  storeOf,
  stranger,
  toolOf,
  user,
} from '../../../support/registry/registry-fixture.ts';

const text = `# The policy of the team.
group_mappings:
  team-admin: [admin]
  team-support: [support]   # the inbox
  team-user: [support]
UI-Scopes:
  admin: { list_service: [all], modify_service: [all], edit_policy: [all], view_people: [all] }
  support: { list_service: [notes] }
  watcher: { list_service: [all], view_people: [all] }
admin:
  - { server: "*", methods: ["*"], tools: ["*"], prompts: ["*"], resources: ["*"] }
support:
  - server: notes
    methods: [tools/list, tools/call]
    tools: [find, { name: write, arguments: { book: [inbox] } }]
triage:
  - { server: plans, methods: [tools/list, tools/call], tools: [read], until: 2026-12-28T18:00:00Z }
`;
const now = new Date('2026-11-25T12:00:00Z');
const server = (name: string, title: string) => ({
  ...{ name, title, description: title, upstream: 'http://127.0.0.1:8000', transports: { 'streamable-http': '/mcp' } },
});
/** A set, which any rule that names it opens. */
const daily = { name: 'daily', title: 'Daily work', description: 'A set', tags: [], members: [{ server: 'notes' }] };
const schema = (properties: object) => ({ inputSchema: { type: 'object', properties } });
const tools = {
  notes: [
    toolOf('find', { annotations: { readOnlyHint: true }, title: 'Finds <b>notes</b>' }),
    toolOf('list', { annotations: { readOnlyHint: true } }),
    toolOf('write', {
      annotations: { destructiveHint: false },
      ...schema({
        book: { type: 'string' },
        count: { type: 'integer' },
        tags: { type: 'array', items: { type: 'string' } },
      }),
    }),
    toolOf('wipe', { annotations: { destructiveHint: true } }),
    toolOf('a b'),
  ],
  plans: [toolOf('read', { annotations: { readOnlyHint: true } })],
};
const healthOf = (name: string): Health => ({
  ...neverChecked,
  ...{ status: 'healthy', tools: tools[name as keyof typeof tools] ?? [] },
});
const start = async (editable = true) => {
  const door = memoryDoor(text, { editable, now: () => now });
  const store = await storeOf(JSON.stringify([server('notes', 'Notes'), server('plans', 'Plans'), daily]));
  const policy = () => parsePolicy(door.text(), now.getTime());
  const requests = createRequests({ policy, store });
  const registry = await startRegistry(signer.keys, {
    ...{ store, requests, policyDoor: door, healthOf, now: () => now, policy },
    seen: { seenIn: async (_assertion, groups) => new Map(groups.map((group) => [group, 3])) },
  });
  return { door, registry, requests };
};
let { door, registry, requests } = await start();
const fixed = await start(false);
afterAll(() => Promise.all([registry.close(), fixed.registry.close()]));
beforeEach(async () => {
  await registry.close();
  ({ door, registry, requests } = await start());
});

const alice = { ...admin, groups: ['team-admin'], scopes: ['admin'] };
const dora = { ...alice, sub: 'dora', username: 'dora', groups: ['other'] };
const watcher = { ...alice, sub: 'w', username: 'walt', groups: [], scopes: ['watcher'] };

const wordsOf = (html: string) =>
  html
    .slice(html.indexOf('<main'))
    .replace(/<[^>]*>/g, ' ')
    .replace(/&quot;/g, '"')
    .replace(/\s+/g, ' ');
type Fields = Record<string, string> | [string, string][];
async function send(
  path: string,
  { who = alice, form, url = registry.url }: { who?: object; form?: Fields; url?: string } = {},
) {
  const headers = {
    ...{ 'X-Mcp-Assertion': await signer.sign(who), Accept: 'text/html' },
    ...(form && { Origin: publicUrl, 'Sec-Fetch-Site': 'same-origin' }),
  };
  const answer = await fetch(url + path, {
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    ...{ headers, redirect: 'manual' },
  });
  const html = await answer.text();
  return { status: answer.status, location: answer.headers.get('location') ?? '', html, words: wordsOf(html) };
}
/** The value of a hidden field. */
const hidden = (html: string, name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
/** Sends a form first as a preview, then as the button Apply does. */
async function apply(path: string, fields: [string, string][], who: object = alice) {
  const form: [string, string][] = [...fields, ['base', String((await door.current('')).number)]];
  const preview = await send(path, { who, form: [...form, ['do', 'preview']] });
  const keep = ['asOf', 'seen'].map((name): [string, string] => [name, hidden(preview.html, name)]);
  return await send(path, { who, form: [...form, ...keep, ['do', 'apply']] });
}
const give: [string, string][] = [
  ['server', 'notes'],
  ['to', 'group:team-user'],
  ['tool', 'list'],
];

test('The matrix has groups and agents by servers, with counts, limits and ends in words', async () => {
  const { status, html, words } = await send('/access');
  expect(status).toBe(200);
  expect(words).toContain('3 groups and 2 agents, 6 tools on 3 servers');
  expect(words).toContain('admin 3 seen support 3 seen user 3 seen');
  expect(words).toContain('Groups begin with team-');
  expect(html).toContain('title="admin: all tools, later ones too"');
  expect(html).toContain('title="support: 1 of 5 tools: find; with limits or an approval write"');
  expect(html).toContain('title="triage: 1 of 1 tools: read; the first of it ends 2026-12-28 18:00 UTC"');
  expect(html).toContain('href="/access/give?server=plans&amp;to=group%3Ateam-user" title="user: nothing"');
});

test('A search finds servers by their tools, groups by their name, and the groups of a person', async () => {
  const found = await send('/access?q=wipe');
  expect(found.html).toContain('href="/servers/notes/access"');
  expect(found.html).not.toContain('href="/servers/plans/access"');
  const group = await send('/access?q=support');
  expect([group.words.includes('support 3 seen'), group.words.includes('admin 3 seen')]).toEqual([true, false]);
  expect((await send('/access?q=zzz')).words).toContain('Nothing fits “zzz”');
});

test.each([
  ['changes', '2 of 3', 'plans'],
  ['destroys', 'Notes', 'plans'],
  ['ends', 'Plans', 'notes'],
])('The filter %s shows only servers with such tools', async (show, has, lacks) => {
  const { html, words } = await send(`/access?show=${show}`);
  expect(`${words}`).toContain(has === '2 of 3' ? 'Notes' : has);
  expect(html).not.toContain(`href="/servers/${lacks}/access"`);
});

describe('Who opens which page', () => {
  const pages = ['/access/give?server=notes', '/access/take?server=notes&from=group:team-user', '/access/changes'];
  test.each([
    ['an editor', alice, [200, 200, 200, 200]],
    ['a person who sees all people', watcher, [200, 403, 403, 403]],
    ['a person with few rights', user, [403, 403, 403, 403]],
    ['a person without groups', stranger, [403, 403, 403, 403]],
  ])('%s', async (_who, who, expected) => {
    const answers = await Promise.all(['/access', ...pages].map((path) => send(path, { who })));
    expect(answers.map(({ status }) => status)).toEqual(expected);
  });

  test.each([
    ['/access/give', { server: 'notes', to: 'group:team-user', tool: 'list', why: 'because', do: 'apply' }],
    ['/access/take', { server: 'notes', from: 'group:team-user', what: 'all', why: 'because', do: 'apply' }],
    ['/access/changes/1/back', { base: '1', why: 'because', do: 'apply' }],
    ['/access/changes/proposals/1', { do: 'confirm' }],
    ['/access/changes/drift', { version: '0'.repeat(12), do: 'take' }],
  ])('a person who only sees it cannot send the form to %s', async (path, form) => {
    expect((await send(path, { who: watcher, form })).status).toBe(403);
    expect(door.text()).toBe(text);
  });

  test('the navigation leads an editor to Access, and others to their rights', async () => {
    expect((await send('/access')).html).toContain('<a href="/access" aria-current="page">');
    const { html } = await send('/', { who: user });
    expect([html.includes('href="/access"'), html.includes('>My rights</a>')]).toEqual([false, true]);
  });

  test('a form from another site changes nothing', async () => {
    const headers = { 'X-Mcp-Assertion': await signer.sign(alice), Origin: 'https://evil.example' };
    const answer = await fetch(`${registry.url}/access/give`, {
      method: 'POST',
      headers,
      body: new URLSearchParams(give),
    });
    expect([answer.status, door.text()]).toEqual([403, text]);
  });
});

describe('Giving access', () => {
  test('the form names the tools in groups, and what the server says is shown as text', async () => {
    const { html, words } = await send('/access/give?server=notes&to=group:team-user');
    expect(words).toMatch(/Only reads find .* list .* Changes something write .* May destroy wipe/);
    expect(html).toContain('Finds &lt;b&gt;notes&lt;/b&gt;');
    expect(words).toContain('1 tool left out: no rule can name it.');
    expect(html).toMatch(/value="find" checked[\s\S]*may call it already/);
    expect(html).not.toMatch(/value="w(?:rite|ipe)" checked/);
  });

  test('the preview says who may do what, how recorded calls would go, and which lines change; it changes nothing', async () => {
    const side = { calls: 3, people: 1, rows: [replayRow({ object: 'list' })] };
    door.replays(replayOf({ allowed: side }));
    const { html, words } = await send('/access/give', { form: [...give, ['do', 'preview']] });
    expect(words).toContain('People in team-user (3 seen in 30 days) may now call list on notes.');
    expect(words).toContain('Would allow 3 calls that were refused, all of carol Would refuse 0');
    expect(html).toContain('href="/audit/c-0-23"');
    expect(html).toMatch(/<ins>\+ .*team-user-notes/);
    expect(door.text()).toBe(text);
  });

  test('the server is asked for by its name or title, and one that is not there is asked for again', async () => {
    expect((await send('/access/give?server=PLANS')).words).toContain('Give access to Plans');
    const lost = await send('/access/give?server=nowhere&to=group:team-user');
    expect([lost.status, lost.words]).toEqual([404, expect.stringContaining('There is no such server')]);
    expect(lost.html).toMatch(/value="nowhere"[\s\S]*value="group:team-user" selected/);
  });

  test('the preview names the chosen tools that they may call already', async () => {
    const { words } = await send('/access/give', { form: [...give, ['tool', 'find'], ['do', 'preview']] });
    expect(words).toContain('They may call find already.');
  });

  test('a set is given without tools: any rule that names it opens it', async () => {
    const form = await send('/access/give?server=daily&to=group:team-user');
    expect(form.words).toContain('This is a set. Being in it grants nothing');
    expect(form.words).toContain('may now connect (initialize, ping and the like) on daily.');
    const fields: [string, string][] = [
      ['server', 'daily'],
      ['to', 'group:team-user'],
      ['why', 'For every day.'],
    ];
    expect((await apply('/access/give', fields)).status).toBe(303);
    expect((await send('/access')).html).toContain('title="user: may open the set"');
  });

  test('without the replay, the preview says so, and the change can be made', async () => {
    door.replays(undefined);
    const { words } = await send('/access/give', { form: [...give, ['do', 'preview']] });
    expect(words).toContain('It cannot be told at the moment.');
  });

  test('Apply makes a version with the reason, keeps the comments, and the note undoes it with one button', async () => {
    const done = await apply('/access/give', [...give, ['why', 'They read the list.']]);
    expect([done.status, done.location]).toEqual([303, expect.stringMatching(/^\/access\?note=/)]);
    expect(door.text()).toContain('team-support: [support]   # the inbox');
    expect(parsePolicy(door.text()).source.groups.get('team-user')).toHaveLength(2);
    const { html, words } = await send(done.location);
    expect(words).toContain('team-user may use Notes.');
    expect(words).toContain('alice : They read the list.');
    const undo = { base: hidden(html, 'base'), why: hidden(html, 'why'), do: 'apply' };
    const action = /action="(\/access\/changes\/\d+\/back)"/.exec(html)?.[1] ?? '';
    expect((await send(action, { form: undo })).status).toBe(303);
    expect(door.text()).toBe(text);
  });

  test.each([
    ['no reason', [...give], 400, 'must say in a few words why'],
    [
      'no group',
      [
        ['server', 'notes'],
        ['tool', 'list'],
        ['why', 'because'],
      ],
      400,
      'Choose a group or an agent.',
    ],
    [
      'no tool',
      [
        ['server', 'notes'],
        ['to', 'group:team-user'],
        ['why', 'because'],
      ],
      400,
      'Choose at least one tool.',
    ],
    [
      'an agent that approves itself',
      [...give.slice(0, 1), ['to', 'agent:triage'], ['tool', 'list'], ['held', 'list'], ['why', 'because']],
      400,
      'An agent cannot approve its own calls',
    ],
    [
      'a name that no rule can have',
      [...give, ['more', 'get_*, a"b'], ['why', 'because']],
      400,
      '“a"b” is no name of a tool that a rule can have.',
    ],
    [
      'a limit without a value',
      [
        ...give,
        ['tool', 'write'],
        ['limit write 0 argument', 'book'],
        ['limit write 0 rule', 'in'],
        ['why', 'because'],
      ],
      400,
      'Write at least one value',
    ],
  ] as [string, [string, string][], number, string][])(
    'with %s, the form keeps what was typed, says what is missing, and nothing is changed',
    async (_what, fields, status, says) => {
      const answer = await apply('/access/give', fields);
      expect([answer.status, answer.words]).toEqual([status, expect.stringContaining(says)]);
      for (const [name, value] of fields)
        if (name === 'tool') expect(answer.html).toContain(`value="${value}" checked`);
      expect(answer.html).toMatch(/role="alert" tabindex="-1" autofocus/);
      expect(door.text()).toBe(text);
    },
  );

  test('while policies cannot be compared, the form keeps what was typed and applies nothing', async () => {
    const fields: [string, string][] = [...give, ['base', '1'], ['why', 'They read the list.']];
    const preview = await send('/access/give', { form: [...fields, ['do', 'preview']] });
    door.isBusy = true;
    const again = await send('/access/give', { form: [...fields, ['do', 'preview']] });
    expect(again.words).toContain('What it means cannot be told at the moment.');
    expect(again.html).not.toContain('value="apply"');
    const form: [string, string][] = [...fields, ['seen', hidden(preview.html, 'seen')], ['do', 'apply']];
    const refused = await send('/access/give', { form });
    expect([refused.status, refused.words]).toEqual([503, expect.stringContaining('cannot be compared at the moment')]);
    expect([refused.html.includes('They read the list.'), door.text()]).toEqual([true, text]);
  });

  test('a form that is applied without its preview shows it first', async () => {
    const form: [string, string][] = [...give, ['base', '1'], ['why', 'They read the list.'], ['do', 'apply']];
    const answer = await send('/access/give', { form });
    expect([answer.status, answer.words]).toEqual([200, expect.stringContaining('This is what it would change.')]);
    expect([answer.html.includes('They read the list.'), door.text()]).toEqual([true, text]);
  });

  test('limits, approvals and an end are written as the policy file has them', async () => {
    const fields: [string, string][] = [
      ...[
        ['server', 'notes'],
        ['to', 'group:team-user'],
        ['tool', 'write'],
        ['tool', 'wipe'],
        ['held', 'wipe'],
      ],
      ...[
        ['approver', 'team-support'],
        ['days', '7'],
        ['only', 'write'],
        ['why', 'For a week.'],
      ],
      ...[
        ['limit write 0 argument', 'book'],
        ['limit write 0 rule', 'in'],
        ['limit write 0 value', 'inbox, team/*'],
      ],
      ...[
        ['limit write 1 argument', 'count'],
        ['limit write 1 rule', 'max'],
        ['limit write 1 value', '10'],
      ],
      ['limit write 1 optional', 'on'],
    ] as [string, string][];
    expect((await apply('/access/give', fields)).status).toBe(303);
    const rules = [...parsePolicy(door.text(), now.getTime()).source.scopes.values()].flat();
    const rule = rules.find(({ server: on, until }) => on === 'notes' && until !== undefined);
    expect(new Date(rule?.until ?? 0).toISOString()).toBe('2026-12-02T12:00:00.000Z');
    expect(rule?.toolRules).toMatchObject([
      {
        ...{ pattern: 'write', only: true },
        arguments: [
          { name: 'book', values: ['inbox', 'team/*'] },
          { name: 'count', max: 10, optional: true },
        ],
      },
      { pattern: 'wipe', approve: { person: false, groups: ['team-support'] } },
    ]);
  });

  test.each<[string, [string, string][], object]>([
    ['those that only read, later ones too', [['hint', 'on']], { tools: [], toolRules: [{ hint: 'read-only' }] }],
    ['all, whatever is chosen besides', [...give, ['all', 'on']], { tools: ['*'], toolRules: [] }],
    ['a pattern and a name that are typed', [['more', 'get_*, other']], { tools: ['get_*', 'other'], toolRules: [] }],
    [
      'its prompts and resources',
      [
        ['prompts', 'on'],
        ['resources', 'on'],
      ],
      { tools: [], prompts: ['*'], resources: ['*'] },
    ],
  ])('the choice of %s is written as a rule', async (_what, chosen, expected) => {
    const fields: [string, string][] = [
      ['server', 'plans'],
      ['to', 'group:team-user'],
      ['why', 'They need it.'],
    ];
    const more = chosen.filter(([name]) => name !== 'server' && name !== 'to');
    expect((await apply('/access/give', [...fields, ...more])).status).toBe(303);
    const rules = [...parsePolicy(door.text(), now.getTime()).source.scopes.values()].flat();
    expect(rules.find(({ server: on, until }) => on === 'plans' && until === undefined)).toMatchObject(expected);
  });

  test('the buttons for limits change the form only, without a script', async () => {
    const more = await send('/access/give', { form: [...give, ['tool', 'write'], ['do', 'limit write']] });
    expect(more.html).toContain('name="limit write 0 argument"');
    expect(more.html).toMatch(/<option>book<\/option><option>count<\/option>/);
    const less = await send('/access/give', {
      form: [...give, ['tool', 'write'], ['limit write 0 argument', 'book'], ['do', 'unlimit write 0']],
    });
    expect(less.html).not.toContain('name="limit write 0 argument"');
    expect((await send('/access/give', { form: [...give, ['do', 'none']] })).html).not.toMatch(
      /name="tool" [^>]* checked/,
    );
  });

  test('another change meanwhile: nothing is applied, both stand side by side, and applying again takes the new version', async () => {
    const fields: [string, string][] = [...give, ['why', 'They read the list.']];
    const preview = await send('/access/give', { form: [...fields, ['do', 'preview']] });
    door.changeBy('dora', text.replace('tools: [find, {', 'tools: [find, list, {'), 'meanwhile');
    const theirs = door.text();
    const keep = ['asOf', 'seen'].map((name): [string, string] => [name, hidden(preview.html, name)]);
    const first = await send('/access/give', { form: [...fields, ...keep, ['base', '1'], ['do', 'apply']] });
    // The text would be another one now, so its preview comes first.
    expect(first.words).toContain('This is what it would change.');
    const seen = hidden(first.html, 'seen');
    const conflict = await send('/access/give', { form: [...fields, ['base', '1'], ['seen', seen], ['do', 'apply']] });
    expect([conflict.status, door.text()]).toEqual([409, theirs]);
    expect(conflict.words).toContain('Another person has changed the policy meanwhile.');
    expect(conflict.words).toMatch(/What they changed .* call list on notes\./);
    expect(conflict.html).toContain('value="They read the list."');
    const again: [string, string][] = [
      ['base', hidden(conflict.html, 'base')],
      ['seen', hidden(conflict.html, 'seen')],
    ];
    expect((await send('/access/give', { form: [...fields, ...again, ['do', 'apply']] })).status).toBe(303);
    expect(door.text()).toContain('find, list');
  });

  test('a gain for a group of the editor waits for a second editor, who confirms it', async () => {
    const own: [string, string][] = [
      ['server', 'notes'],
      ['to', 'group:team-support'],
      ['tool', 'list'],
      ['why', 'Mine.'],
    ];
    const supporter = { ...alice, groups: ['team-admin', 'team-support'], scopes: ['admin', 'support'] };
    const preview = await send('/access/give', { who: supporter, form: [...own, ['do', 'preview']] });
    expect(preview.words).toContain('A second editor has to confirm it. team-support gains access');
    expect(preview.words).toContain('Ask for a second editor');
    const asked = await apply('/access/give', own, supporter);
    expect(asked.location).toMatch(/^\/access\/changes\/proposals\/1\?note=/);
    expect(door.text()).toBe(text);
    expect((await send('/access/changes/proposals/1', { who: supporter })).html).not.toContain('value="confirm"');
    const overview = await send('/access', { who: dora });
    expect(overview.words).toContain('alice wants to change the policy');
    const page = await send('/access/changes/proposals/1', { who: dora });
    expect(page.words).toContain('People in team-support (3 seen in 30 days) may now call list on notes.');
    const confirmed = await send('/access/changes/proposals/1', { who: dora, form: { do: 'confirm' } });
    expect((await send(confirmed.location, { who: dora })).words).toContain('The change is in force.');
    expect((await send('/access/changes', { who: dora })).words).toContain('confirmed by dora');
    expect((await send('/access/changes/proposals/1', { who: dora })).status).toBe(404);
  });

  test('a request is answered once its change is in force', async () => {
    const carol = { ...user, username: 'carol', groups: ['team-user'], authMethod: 'session_cookie' as const };
    const { id } = await requests.ask(
      { ...carol, scopes: ['support'] },
      { server: 'notes', tools: ['list'], reason: 'I need it.' },
    );
    const form = await send(`/access/give?request=${id}`);
    expect(form.words).toContain('carol asks for list: “I need it.”');
    expect(form.words).toContain('team-user carol and 2 others seen in 30 days');
    const done = await apply('/access/give', [...give, ['why', 'They read the list.'], ['request', id]]);
    expect((await send(done.location)).words).toContain('The request of carol is answered.');
    expect((await requests.find(id))?.state).toBe('given');
  });
});

describe('Taking access away', () => {
  const take: [string, string][] = [
    ['server', 'notes'],
    ['from', 'group:team-user'],
    ['what', 'all'],
  ];
  test('takes it from the chosen group only, with the same preview', async () => {
    const preview = await send('/access/take', { form: [...take, ['do', 'preview']] });
    expect(preview.words).toContain('People in team-user (3 seen in 30 days) may no longer call');
    expect(preview.words).not.toMatch(/People in team-support .*may no longer/);
    const done = await apply('/access/take', [...take, ['why', 'Not used.']]);
    expect((await send(done.location)).words).toContain('Taken from team-user: Notes.');
    const cell = (await send('/access')).html;
    expect(cell).toContain('title="user: no');
    expect(cell).toContain('title="support: 1 of 5');
  });

  test('takes single entries of the rules, as they name them', async () => {
    const form = await send('/access/take?server=notes&from=group:team-user');
    expect(form.html).toMatch(/name="tool" value="find"[\s\S]*name="tool" value="write"/);
    expect(form.html).not.toContain('value="list"');
    const some: [string, string][] = [...take.slice(0, 2), ['what', 'some'], ['tool', 'write'], ['why', 'Not used.']];
    expect((await apply('/access/take', some)).status).toBe(303);
    const { html } = await send('/access');
    expect(html).toContain('title="user: 1 of 5 tools: find"');
    expect(html).toContain('title="support: 1 of 5 tools: find; with limits or an approval write"');
  });

  test('refuses without a tool, without a reason, and for a name that is no group', async () => {
    const some: [string, string][] = [...take.slice(0, 2), ['what', 'some']];
    const [none, silent] = [
      await apply('/access/take', [...some, ['why', 'x y z']]),
      await apply('/access/take', take),
    ];
    expect([none.status, none.words]).toEqual([400, expect.stringContaining('Choose at least one tool.')]);
    expect([silent.status, silent.words]).toEqual([400, expect.stringContaining('must say in a few words why')]);
    expect((await send('/access/take?server=notes&from=x')).status).toBe(404);
    expect(door.text()).toBe(text);
  });
});

describe('Versions', () => {
  test('a version shows what it changed; going back makes a new one, with a reason', async () => {
    door.changeBy('dora', text.replace('tools: [find, {', 'tools: [find, list, {'), 'For the <inbox>');
    const list = await send('/access/changes');
    expect(list.html).toContain('For the &lt;inbox&gt;');
    expect(list.words).toMatch(/dora : For the .* in force Version 2, on a page/);
    const version = await send('/access/changes/2');
    expect(version.words).toContain('may now call list on notes.');
    const page = await send('/access/changes/1/back');
    expect(page.words).toContain('may no longer call list on notes.');
    const base = hidden(page.html, 'base');
    expect((await send('/access/changes/1/back', { form: { base, why: '' } })).status).toBe(400);
    expect((await send('/access/changes/1/back', { form: { base: '1', why: 'a mistake' } })).status).toBe(409);
    expect((await send('/access/changes/1/back', { form: { base, why: 'a mistake' } })).status).toBe(303);
    expect(door.text()).toBe(text);
    expect((await send('/access/changes')).words).toContain('Version 3, by going back');
  });

  test.each(['/access/changes/99', '/access/changes/0', '/access/changes/x', '/access/changes/proposals/7'])(
    '%s is not there',
    async (path) => expect((await send(path)).status).toBe(404),
  );

  test('a changed file is shown with its differences, and taken over or dismissed', async () => {
    const file = text.replace('tools: [find, {', 'tools: [find, list, {');
    door.drifts(file);
    expect((await send('/access')).words).toContain('The policy file has changed.');
    const page = await send('/access/changes/drift');
    expect(page.words).toContain('may now call list on notes.');
    const version = hidden(page.html, 'version');
    const kept = await send('/access/changes/drift', { form: { version, do: 'dismiss' } });
    expect((await send(kept.location)).words).toContain('The policy stays as it is.');
    door.drifts(file);
    const seen = hidden((await send('/access/changes/drift')).html, 'base');
    const late = await send('/access/changes/drift', { form: { version, base: `${Number(seen) + 1}`, do: 'take' } });
    expect([late.location.split('?')[0], door.text()]).toEqual(['/access/changes/drift', text]);
    await send('/access/changes/drift', { form: { version, base: seen, do: 'take' } });
    expect(door.text()).toBe(file);
    expect((await send('/access/changes/drift')).location).toBe('/access/changes');
  });
});

describe('Where the policy is a file', () => {
  const { url } = fixed.registry;
  test('the same preview has the whole new file to copy, and no button that applies', async () => {
    const { html, words } = await send('/access/give', { url, form: [...give, ['do', 'preview']] });
    expect(words).toContain('may now call list on notes.');
    expect(html).toMatch(/id="whole-file"># The policy of the team\.[\s\S]*team-user-notes:/);
    expect(html).toContain('data-copy="whole-file"');
    expect(html).not.toMatch(/value="apply"|id="why"/);
    expect((await send('/access/changes', { url })).words).toContain('The policy is a file');
  });

  test('a form that is applied all the same changes nothing', async () => {
    const { html } = await send('/access/give', { url, form: [...give, ['do', 'preview']] });
    const form: [string, string][] = [...give, ['why', 'because'], ['seen', hidden(html, 'seen')], ['do', 'apply']];
    const answer = await send('/access/give', { url, form });
    expect([answer.status, fixed.door.text()]).toEqual([409, text]);
  });
});

describe('Ask the policy', () => {
  const ask = (who: string, tool: string) => send(`/access?${new URLSearchParams({ who, tool, server: 'Notes' })}`);
  test.each([
    ['team-user', 'find', 'Yes.', 'may do tools/call “find” on “notes”'],
    ['team-user', 'write', 'With some arguments.', 'when book is inbox'],
    ['team-user', 'wipe', 'No.', 'It would be allowed by the group team-admin.'],
    ['triage', 'find', 'No.', 'An agent with these scopes may not do'],
  ])('May %s call %s? %s', async (who, tool, verdict, says) => {
    const { words, html } = await ask(who, tool);
    expect(words).toContain(verdict);
    expect(words).toContain(says);
    expect(html).toMatch(/href="\/rights\?[^"]*#explain"/);
  });

  test('a name that no group and no person has is named', async () => {
    expect((await ask('no-one', 'find')).words).toContain('There is no group, scope or person “no-one”');
    expect((await send('/access?who=team-user')).words).toContain('Name who, the tool and the server.');
  });
});
