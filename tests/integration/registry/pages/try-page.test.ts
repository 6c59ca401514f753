import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { toolSegment } from '../../../../registry/pages/shared/tool-id.ts';
import type { Health, HealthDetails } from '../../../../registry/servers/server-health.ts';
import type { ToolInfo } from '../../../../registry/servers/tool.ts';
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

const policy = parsePolicy(`
group_mappings:
  mcp-registry-admin: [mcp-registry-admin, all]
  mcp-registry-user: [mcp-registry-user]
  readers: [mcp-registry-user, reads]
UI-Scopes:
  mcp-registry-admin: {list_service: [all], view_audit: [all]}
  mcp-registry-user: {list_service: [all]}
all:
  - {server: '*', methods: [all], tools: ['*']}
reads:
  - {server: notes, methods: [tools/call], tools: [read]}
`);
const servers = `
- {name: notes, title: Notes, description: Notes of all, upstream: 'http://127.0.0.1:8000', transports: {streamable-http: /mcp}}
- {name: older, title: Older, description: An old one, upstream: 'http://127.0.0.1:8001', transports: {sse: /sse}}
`;
const boss = { ...admin, scopes: ['mcp-registry-admin', 'all'] };
const reader = { ...user, groups: ['readers'], scopes: ['mcp-registry-user', 'reads'] };

const sly = 'pay/<b>\u200b "it" %2e';
const schema = {
  type: 'object',
  required: ['text'],
  properties: { text: { type: 'string', default: '</script><img src=x onerror=alert(1)>' } },
};
const tools: ToolInfo[] = [
  toolOf('read', { inputSchema: schema, annotations: { readOnlyHint: true } }),
  toolOf('add', { annotations: { destructiveHint: false } }),
  toolOf('drop', { annotations: { destructiveHint: true } }),
  toolOf('plain', { description: '[click](https://evil.example) <script>alert(1)</script>' }),
  toolOf(sly, { inputSchema: schema }),
  toolOf('unclear', { note: 'Programs may read it differently: the key "Name" looks like "name".' }),
];
const announced = { era: 'modern', protocolVersion: '2026-07-28' } as HealthDetails['announced'];
const details: HealthDetails = {
  unstable: false,
  latencyMs: 1,
  checks: [],
  since: new Date(),
  announced,
  seenAt: null,
};
const health: Record<string, Health> = {
  notes: { status: 'healthy', checkedAt: new Date(), error: null, tools },
  older: { status: 'healthy', checkedAt: new Date(), error: null, tools: [toolOf('read')], details },
};
const approved = new Map([['notes', new Set(['read', 'add'])]]);

let registry: Awaited<ReturnType<typeof startRegistry>>;
let strict: Awaited<ReturnType<typeof startRegistry>>;

beforeAll(async () => {
  const parts = { policy: () => policy, healthOf: (name: string) => health[name] ?? neverChecked };
  registry = await startRegistry(signer.keys, { ...parts, store: await storeOf(servers) });
  strict = await startRegistry(signer.keys, {
    ...parts,
    store: await storeOf(servers),
    knownTools: () => ({ approved, readOnly: new Map() }),
  });
});
afterAll(() => Promise.all([registry.close(), strict.close()]));

const open = async (path: string, who: object, url = registry.url) => {
  const headers = { 'X-Mcp-Assertion': await signer.sign(who), Accept: 'text/html' };
  const answer = await fetch(url + path, { headers });
  const html = await answer.text();
  const data = /data-try="([^"]*)"/.exec(html)?.[1];
  return { status: answer.status, html, headers: answer.headers, call: data === undefined ? undefined : read(data) };
};
const read = (attribute: string) =>
  JSON.parse(
    attribute.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'),
  );
const pathOf = (tool: string, server = 'notes') => `/servers/${server}/tools/${toolSegment(tool)}/try`;

test('The page has a form model, the rule that allows the call, and the line for a terminal', async () => {
  const { status, html, call, headers } = await open(pathOf('read'), reader);
  expect(status).toBe(200);
  expect(call).toMatchObject({
    url: '/notes/mcp',
    tool: 'read',
    rule: 'reads[0]',
    asks: false,
    mayAudit: false,
    era: 'sessions',
    versions: { stateless: '2026-07-28', sessions: '2025-11-25' },
    form: { kind: 'object', fields: [{ name: 'text', required: true, part: { kind: 'text' } }] },
  });
  expect(html).toMatch(/npm run -s call -- notes read (?:'|&#39;)\{&quot;text&quot;:&quot;…&quot;\}/);
  expect(html).toContain('<noscript>');
  expect(headers.get('content-security-policy')).toContain("script-src 'self'");
});

test.each([
  ['read', false, 'says it only reads'],
  ['add', false, 'says it destroys nothing'],
  ['drop', true, 'says it may destroy'],
  ['plain', true, 'may destroy: it says nothing about it'],
])('Before a call of %s, the page asks: %s', async (tool, asks, badge) => {
  const { html, call } = await open(pathOf(tool), boss);
  expect([call.asks, html.includes('<dialog'), html.includes(badge)]).toEqual([asks, asks, true]);
});

test('Texts of the server stay text, whatever they hold, and the tool is called by its real name', async () => {
  const { html, call } = await open(pathOf(sly), boss);
  expect(call).toMatchObject({ tool: sly });
  expect(html).toContain('pay/&lt;b&gt;\\u{200b}');
  const shown = html.replace(/data-try="[^"]*"/, '');
  expect(shown).not.toMatch(/<b>|<img src=x|<script>alert|\u200b/);
  const { html: other } = await open(pathOf('plain'), boss);
  expect(other).not.toMatch(/<script>alert|<a href="https:\/\/evil/);
});

test('Nothing of the address gets into the page', async () => {
  const { html } = await open(`${pathOf('read')}?text=from-the-address&arguments=%7B%22text%22%3A1%7D`, boss);
  expect(html).not.toContain('from-the-address');
});

test('Who may not call a tool sees why and which group would help, and no form', async () => {
  const { status, html, call } = await open(pathOf('drop'), reader);
  expect([status, call]).toEqual([200, undefined]);
  expect(html).toContain('You may not call this tool');
  expect(html).toContain('The group <code>mcp-registry-admin</code> would allow it.');
  expect(html).not.toMatch(/<form(?![^>]*logout)|try\.[0-9a-f]+\.js/);
});

test('A tool that waits for approval, or that programs read differently, has no form', async () => {
  const waits = await open(pathOf('drop'), boss, strict.url);
  expect([waits.call, waits.html.includes('Refused until it is approved')]).toEqual([undefined, true]);
  // Who has no permission does not learn that it waits.
  expect((await open(pathOf('drop'), reader, strict.url)).html).toContain('You may not call this tool');
  const unclear = await open(pathOf('unclear'), boss);
  expect([unclear.call, unclear.html.includes('Programs may read the definition')]).toEqual([undefined, true]);
});

test('A server that only speaks the older transport gets the line for a terminal', async () => {
  const { html, call } = await open(pathOf('read', 'older'), boss);
  expect(call).toBeUndefined();
  expect(html).toMatch(/npm run -s call -- older read .*--transport sse/);
});

test.each([
  ['a tool that is not announced', '/servers/notes/tools/other/try', boss],
  ['an unknown server', '/servers/none/tools/read/try', boss],
  ['a server that the person may not see', pathOf('read'), stranger],
])('There is no page for %s', async (_what, path, who) => {
  expect((await open(path, who)).status).toBe(404);
});

test('The page of a server links to it for the tools that the person may call, and only for these', async () => {
  const links = async (who: object, url?: string) => {
    const { html } = await open('/servers/notes', who, url);
    return [...html.matchAll(/href="(\/servers\/notes\/tools\/[^"]+)"/g)].map((match) => match[1]);
  };
  expect(await links(reader)).toEqual([pathOf('read')]);
  expect(await links(boss, strict.url)).toEqual([pathOf('read'), pathOf('add')]);
});
