import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import type { ClientLogins } from '../../../../registry/pages/connect/connect.ts';
import { admin, signer, startRegistry, storeOf, user } from '../../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings:
  mcp-registry-admin: [mcp-registry-admin]
  mcp-registry-user: [mcp-registry-user]
UI-Scopes:
  mcp-registry-admin:
    list_service: [all]
  mcp-registry-user:
    list_service: [all]
mcp-registry-admin:
  - server: '*'
    methods: [all]
    tools: [all]
`);
const servers = `
- name: notes
  title: Notes
  description: Notes of a team.
  upstream: http://127.0.0.1:8000
  transports: { streamable-http: /mcp, sse: /sse }
`;

/** The text of the tab for one client, as a person sees it. */
async function tabOf(client: string, who: object, clientLogins?: ClientLogins) {
  const store = await storeOf(servers);
  const registry = await startRegistry(signer.keys, {
    store,
    policy: () => policy,
    ...(clientLogins && { clientLogins }),
  });
  try {
    const headers = { 'X-Mcp-Assertion': await signer.sign(who), accept: 'text/html' };
    const answer = await fetch(`${registry.url}/servers/notes/connect?client=${client}`, { headers });
    const html = await answer.text();
    const [, tab = ''] = html.split('<section id="server-connect"');
    const text = tab.split('</section>', 1)[0] ?? '';
    return { html: text, csp: answer.headers.get('content-security-policy'), text: plain(text) };
  } finally {
    await registry.close();
  }
}

const plain = (html: string) =>
  html
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ');

test('The Connect tab has one line for Claude Code, says that the browser opens, and has no token', async () => {
  const { html, text } = await tabOf('claude-code', admin);
  const url = 'http://localhost:8080/notes/mcp';
  expect(text).toContain(`claude mcp add --scope user --transport http notes ${url} && claude mcp login notes`);
  expect(text).toMatch(
    /Log in The line opens your browser\. Later, \/mcp in Claude Code does the same\. Sign in, read .+ Allow/,
  );
  expect(html).not.toMatch(/token|Bearer/);
});

test.each([
  ['cursor', 'cursor://anysphere.cursor-deeplink/mcp/install?name=notes&amp;config='],
  ['vs-code', 'vscode:mcp/install?%7B%22name%22%3A%22notes%22'],
])('A link without a script adds the server to %s', async (client, href) => {
  const { html, csp } = await tabOf(client, admin);
  expect(html).toContain(`<a class="button primary" href="${href}`);
  expect(html).not.toMatch(/onclick|<script/);
  expect(csp).toContain("script-src 'self'");
});

test('An agent has a section of its own, with client credentials and a token', async () => {
  const { text } = await tabOf('agent', admin);
  expect(text).toContain('client id and a secret of Amazon Cognito');
  expect(text).toContain('--header "Authorization: Bearer $(mcp-gateway token)"');
  expect(text).not.toContain('press Allow');
});

test('A person whose policy lets them call nothing is told so, others are not', async () => {
  const told = 'The policy lets you see this server, and call none of its tools.';
  expect((await tabOf('codex', user)).text).toContain(told);
  expect((await tabOf('codex', admin)).text).not.toContain(told);
});

test('With OAUTH_CLIENTS=off, the tab says so and shows what agents do', async () => {
  const { text, html } = await tabOf('claude-code', admin, { allowed: 'off', hosts: [] });
  expect(text).toContain('People cannot log in with MCP clients here.');
  expect(text).toContain('asks Amazon Cognito for a token');
  expect(html).not.toContain('client=claude-code');
});

test('With OAUTH_CLIENTS=known, the tab shows the clients that OAUTH_CLIENT_HOSTS describes, and says so', async () => {
  const { text, html } = await tabOf('codex', admin, { allowed: 'known', hosts: ['chatgpt.com'] });
  expect(text).toContain('The operator lets only these clients log in.');
  expect(text).toContain('codex mcp add notes');
  expect([...html.matchAll(/client=([a-z-]+)/g)].map(([, id]) => id)).toEqual(['codex', 'chatgpt', 'agent']);
});
