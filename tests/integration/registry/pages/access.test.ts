import { parsePolicy } from '../../../../common/policy/policy-file.ts';
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
  const store = await storeOf(JSON.stringify([server('notes', 'Notes'), server('plans', 'Plans')]));
  const registry = await startRegistry(signer.keys, {
    ...{ store, policyDoor: door, healthOf, now: () => now, policy: () => parsePolicy(door.text(), now.getTime()) },
    seen: { seenIn: async (_assertion, groups) => new Map(groups.map((group) => [group, 3])) },
  });
  return { door, registry };
};
let { door, registry } = await start();
const fixed = await start(false);
afterAll(() => Promise.all([registry.close(), fixed.registry.close()]));
beforeEach(async () => {
  await registry.close();
  ({ door, registry } = await start());
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
  const preview = await send(path, { who, form: [...fields, ['do', 'preview']] });
  const keep = ['base', 'asOf', 'seen'].map((name): [string, string] => [name, hidden(preview.html, name)]);
  return await send(path, { who, form: [...fields, ...keep, ['do', 'apply']] });
}
const give: [string, string][] = [
  ['server', 'notes'],
  ['to', 'group:team-user'],
  ['tool', 'list'],
];

test('The matrix has groups and agents by servers, with counts, limits and ends in words', async () => {
  const { status, html, words } = await send('/access');
  expect(status).toBe(200);
  expect(words).toContain('3 groups and 2 agents, 6 tools on 2 servers');
  expect(words).toContain('admin 3 seen support 3 seen user 3 seen');
  expect(words).toContain('Groups begin with team-');
  expect(html).toContain('title="admin: all tools, later ones too"');
  expect(html).toContain('title="support: 1 of 5 tools: find; with limits or an approval write"');
  expect(html).toContain('title="triage: 1 of 1 tools: read; the first of it ends 2026-12-28 18:00 UTC"');
  expect(html).toContain('href="/access/give?server=plans&amp;to=group%3Ateam-user" title="user: nothing"');
});
