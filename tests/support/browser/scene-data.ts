// What the registry of the scene knows: people, servers, tools and health.
import type { Account, AccountRecord } from '../../../common/doors/account.ts';
import type { ConnectedAccount } from '../../../common/doors/accounts.ts';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import type { LimitsDoor } from '../../../registry/doors/limits.ts';
import type { PeopleDoor } from '../../../registry/doors/people.ts';
import type { Health } from '../../../registry/servers/server-health.ts';
import type { ToolInfo } from '../../../registry/servers/tool.ts';
import { detailsOf } from '../registry/health-details.ts';
import { admin, toolOf, user } from '../registry/registry-fixture.ts';

export const boss = { ...admin, scopes: ['mcp-registry-admin', 'everything'] };
export const clerk = { ...user, scopes: ['clerk'] };
/** A person whose calls have conditions and limits. */
export const helper = {
  ...user,
  groups: ['mcp-registry-support', 'mcp-registry-user'],
  scopes: ['mcp-registry-user', 'support'],
};

export const policyText = `# Who may do what.
group_mappings:
  mcp-registry-admin: [mcp-registry-admin, everything]
  mcp-registry-support: [mcp-registry-user, support]
  mcp-registry-user: [mcp-registry-user]
UI-Scopes:
  mcp-registry-admin: { list_service: [all], register_service: [all], health_check_service: [all], toggle_service: [all], modify_service: [all], view_audit: [all], export_audit: [all], view_people: [all], end_access: [all], edit_policy: [all] }
  mcp-registry-user: { list_service: [currenttime, github, daily] }
  clerk: { list_service: [currenttime, fininfo] }
  watcher: { list_service: [all], view_people: [all] }
limits:
  - { who: [mcp-registry-user], server: github, tools: [get_*, search_*], calls: 1000, per: hour }
  - { who: [mcp-registry-support], server: github, tools: ["comment_*"], calls: 5, per: day }
  - { who: [mcp-registry-admin], server: "*", tools: ["delete_*", create_issue], calls: 20, per: day }
clerk:
  - { server: fininfo, methods: [tools/call], tools: [stock_price] }
everything:
  - { server: "*", methods: ["*"], tools: ["*"], prompts: ["*"], resources: ["*"] }
mcp-registry-user:
  - { server: currenttime, methods: [tools/call], tools: [convert_time, get_*] }
  - { server: github, methods: [tools/call], tools: [get_*, search_*, list_*] }
support:
  - { server: weather, methods: [tools/list, tools/call], tools: [{ hint: read-only }] }
  - { server: notes, methods: [tools/list, tools/call], tools: [{ hint: read-only }] }
  - server: github
    methods: [tools/list, tools/call]
    tools:
      - { name: create_issue, arguments: { repo: [acme/support] } }
      - { name: comment_on_issue, approve: person }
triage:
  - { server: github, methods: [tools/call], tools: [get_issue, search_issues], until: 2099-12-28T18:00:00Z }
`;
export const policy = parsePolicy(policyText, Date.now());

/** Name, title, what it does, milliseconds of its last answer; null for those that do not answer. */
export const servers: readonly [name: string, title: string, what: string, ms: number | null][] = [
  ['atlassian', 'Atlassian', 'Search and edit Jira issues and Confluence pages.', 310],
  ['currenttime', 'Current time', 'The current time in any zone, and conversions between zones.', 12],
  ['fininfo', 'Financial information', 'Stock prices and aggregates over days, weeks and months.', 96],
  ['github', 'GitHub', 'Issues, pull requests, files and workflow runs of your repositories.', 128],
  ['grafana', 'Grafana', 'Dashboards, alerts and queries against the metrics of production.', 182],
  ['mcpgw', 'MCP Gateway tools', 'Finds the right tool for a task over all servers, and calls it.', 21],
  ['notes', 'Notes', 'Short notes that a team shares: write, find, tag and archive.', 34],
  ['notion', 'Notion', 'Pages and databases of the team.', null],
  ['pagerduty', 'PagerDuty', 'Who is on call, open incidents, acknowledge and resolve.', 145],
  ['postgres', 'Postgres', 'Queries against the copy of the production database.', null],
  ['reports', 'Reports', 'Quarterly reports as text and tables.', null],
  ['sentry', 'Sentry', 'Errors and traces of every release.', 1900],
  ['storage', 'Storage', 'List, read and write objects in the buckets of the data team.', 58],
  ['weather', 'Weather', 'Forecasts, warnings and history for any place.', 74],
];

const text = (description: string) => ({ type: 'string', description });
const issue = {
  type: 'object',
  required: ['repo', 'title'],
  properties: {
    repo: text('Owner and name, such as acme/website.'),
    title: { type: 'string', maxLength: 256 },
    body: { type: 'string' },
    priority: { enum: ['low', 'medium', 'high'], default: 'low' },
    labels: { type: 'array', items: { type: 'string', maxLength: 50 }, maxItems: 10 },
  },
};
const takes = (...names: string[]) => ({
  type: 'object',
  required: names.filter((name) => !name.endsWith('?')),
  properties: Object.fromEntries(names.map((name) => [name.replace('?', ''), { type: 'string', maxLength: 100 }])),
});
const reads = { readOnlyHint: true };
const adds = { readOnlyHint: false, destructiveHint: false };
const destroys = { destructiveHint: true };
const tool = (name: string, description: string, inputSchema: object, annotations: object | null = null): ToolInfo =>
  toolOf(name, { description, inputSchema, annotations } as Partial<ToolInfo>);
export const toolsOf: Record<string, ToolInfo[]> = {
  github: [
    tool('search_issues', 'Find issues and pull requests.', takes('query', 'repo?', 'state?'), reads),
    tool('get_issue', 'One issue with its comments.', takes('repo', 'number'), reads),
    tool('list_pull_requests', 'Pull requests of a repository.', takes('repo', 'state?'), reads),
    tool('get_file', 'A file or folder at a commit.', takes('repo', 'path', 'ref?'), reads),
    tool('create_issue', 'Opens an issue in a repository, and answers with its number and address.', issue, adds),
    tool('comment_on_issue', 'Answers under an issue.', takes('repo', 'number', 'body'), adds),
    tool('merge_pull_request', 'Merges into its base branch.', takes('repo', 'number', 'method?'), destroys),
    tool('delete_branch', 'Deletes a branch.', takes('repo', 'branch'), destroys),
  ],
  currenttime: [
    tool('current_time_by_timezone', 'The time.\n\nArgs:\n  tz_name: a zone', takes('tz_name'), reads),
    tool('convert_time', 'Converts a time from one zone to another.', takes('time', 'from', 'to'), reads),
    tool('get_zones', 'All zones of a country.', takes('country?'), reads),
  ],
  fininfo: [
    tool('stock_price', 'The price of a stock on one day.', takes('ticker', 'day'), reads),
    tool('stock_aggregates', 'Aggregates over days, weeks and months.', takes('ticker', 'from', 'to'), reads),
  ],
};
const someTools = [
  tool('find', 'Finds something.', takes('query'), reads),
  tool('write', 'Writes something.', takes('text')),
];

/** What a check of a server found. */
export function healthOf(name: string, ms: number | null, checkedAt: Date): Health {
  const tools = toolsOf[name] ?? someTools;
  if (name === 'notion') {
    const error = 'It wants credentials of its own (HTTP 401).';
    return { status: 'needs-authentication', checkedAt, error, tools: [] };
  }
  if (name === 'postgres') return { status: 'unhealthy', checkedAt, error: 'Nothing listens at its address.', tools };
  const details = detailsOf(checkedAt, ms, {
    name: 'hub',
    prompts: [{ name: 'triage', description: 'Sorts new issues.', arguments: [{ name: 'repo', required: true }] }],
    resources: [{ uri: 'repo://acme/website', name: 'Website', mimeType: 'text/plain', size: 120 }],
    resourceTemplates: [{ uriTemplate: 'repo://{owner}/{name}', description: 'Any repository.' }],
  });
  return { status: 'healthy', checkedAt, error: null, tools, details };
}

/** What acts as a person: a few clients and sign-ins, or only the sign-in that asks. */
export function accountOf(hasMore: boolean, now: Date): Account {
  const at = Math.floor(now.getTime() / 1000);
  const times = { since: at - 86_400, lastUsed: at - 7_200, ends: at + 29 * 86_400, endsUnused: at + 14 * 86_400 };
  const addresses = { from: '192.0.2.17', usedFrom: '2001:db8:85a3:8d3:1319:8a2e:370:7348' };
  const record = { isOwn: false, client: null, resource: null, ...times, ...addresses };
  const client = (id: string, name: string | null, path: string): AccountRecord => {
    return { ...record, id: id.repeat(22), kind: 'client', client: name, resource: `http://localhost:8080${path}` };
  };
  const own: AccountRecord = { ...record, id: 'o'.repeat(22), kind: 'browser', isOwn: true };
  if (!hasMore) return { provider: 'Amazon Cognito', makesTokens: true, records: [own] };
  const clients = [
    client('a', 'Claude Code', '/github/mcp'),
    client('b', 'VS Code', '/mcp'),
    client('c', null, '/api'),
    client(
      'd',
      'Averyveryverylongnamewithoutanyspace'.repeat(3),
      '/a-server-name-with-sixty-three-characters-is-the-longest-one-ok/mcp',
    ),
  ];
  const token: AccountRecord = { ...client('k', 'nightly script', '/github/mcp'), kind: 'personal', endsUnused: null };
  const phone = { ...own, id: 'p'.repeat(22), isOwn: false };
  const terminal: AccountRecord = { ...phone, id: 't'.repeat(22), kind: 'terminal' };
  return { provider: 'Amazon Cognito', makesTokens: true, records: [...clients, token, phone, terminal, own] };
}

/** Accounts at servers: one that counts, one to connect again, and one with the longest names at a server that is gone. */
export function connectedOf(now: Date): ConnectedAccount[] {
  const at = Math.floor(now.getTime() / 1000);
  const notion: ConnectedAccount = {
    ...{ server: 'notion', account: 'notion', provider: 'Notion', name: 'carol', revokes: false, state: 'ok' },
    ...{ since: at - 9 * 86_400, lastUsed: at - 60, address: 'http://127.0.0.1:8000/mcp -' },
    settingsPage: 'https://www.notion.so/profile',
  };
  const atlassian: ConnectedAccount = { ...notion, server: 'atlassian', account: 'atlassian', provider: 'Atlassian' };
  return [
    notion,
    { ...atlassian, name: null, state: 'ended', settingsPage: null, revokes: true },
    { ...notion, server: 'gone', name: longest, provider: longest },
  ];
}

const longest = 'Averyveryverylongnamewithoutanyspace'.repeat(3);

/** Limits, and who is near one. */
export function limitsOf(now: Date): LimitsDoor {
  const endsAt = (Math.floor(now.getTime() / 86_400_000) + 1) * 86_400;
  const hour = { server: 'github', tools: ['get_*', 'search_*'], most: 1_000, seconds: 3_600, endsAt } as const;
  const day = { server: '*', tools: ['delete_*', 'create_issue'], most: 20, seconds: 86_400, endsAt } as const;
  const id = Buffer.from('cognito dave').toString('base64url');
  return {
    own: async () => ({ limits: [{ ...day, calls: 13 }] }),
    near: async () => ({
      state: 'alone',
      near: [
        { ...hour, kind: 'person', name: longest, sub: '8f3b2c1d-5e6f-4a7b-8c9d-0e1f2a3b4c5d', id, calls: 1_004 },
        { ...day, kind: 'agent', name: 'nightly-triage', sub: 'nightly-triage', id: null, calls: 17 },
        { ...hour, kind: 'person', name: 'dave', sub: '0b7d4f2a-9c1e-4e21-9a55-3c6d8e7f0a12', id: null, calls: 640 },
      ],
    }),
  };
}

/** Who has access: the first of many people, some clients, and what was ended. */
export function peopleOf(now: Date): PeopleDoor {
  const { records } = accountOf(true, now);
  const lastUsed = Math.floor(now.getTime() / 1000) - 7_200;
  const person = (username: string, name = username) => {
    const id = Buffer.from(`cognito ${username}`).toString('base64url');
    return { id, name, username, provider: 'Amazon Cognito', groups: ['mcp-registry-user', 'mcp-registry-developer'] };
  };
  const counts = {
    ...{ signIns: 2, clients: 3, tokens: 1, lastUsed, since: lastUsed - 86_400 },
    ...{ usedFrom: '2001:db8:85a3:8d3:1319:8a2e:370:7348', accounts: 2 },
  };
  const people = [
    { ...person('alice'), ...counts, names: ['Claude Code', 'VS Code', 'nightly script'] },
    { ...person('8f3b2c1d-5e6f-4a7b-8c9d-0e1f2a3b4c5d', 'Bob Baker'), ...counts, names: [longest] },
    { ...person('carol'), signIns: 1, clients: 0, tokens: 0, lastUsed, names: [], groups: [] },
    ...Array.from({ length: 5 }, (_, i) => ({ ...person(`person-${i + 10}`), ...counts, names: ['Cursor'] })),
  ];
  const client = { id: 'w8Qf3kZb2mN7xT1rV5yC9e', name: 'Claude Code' };
  const clients = [
    { ...client, people: 40, lastUsed },
    { id: 'https://vscode.dev/oauth/client-metadata.json', name: 'Visual Studio Code', people: 12, lastUsed },
    { id: 'n8Qf3kZb2mN7xT1rV5yC9e', name: longest, people: 1, lastUsed: lastUsed + 7_000 },
    { id: 'm8Qf3kZb2mN7xT1rV5yC9e', name: null, people: 1, lastUsed },
  ];
  const ended = [
    { what: 'everything', person: 'dave', client: null, ended: 5 },
    { what: 'client', person: null, client: longest, ended: 40 },
    { what: 'one', person: 'Bob Baker (bob)', client: 'nightly script', ended: null },
  ] as const;
  return {
    people: async (_assertion, { q, client: id }) => {
      const found = people.filter(({ name }) => name.toLowerCase().includes(q.toLowerCase()));
      return { people: found, total: q ? found.length : 5_000, client: id === undefined ? null : client };
    },
    others: async (_assertion, { q }) => ({
      people: ['olga', longest, '4f2a9c1e-0b7d-4e21-9a55-3c6d8e7f0a12']
        .filter((name) => name.includes(q))
        .map((name, i) => ({
          ...{ id: person(name).id, name, sub: `${name}-sub`, accounts: i },
          lastSeen: lastUsed - 86_400 * (i + 1),
        })),
      total: 3,
    }),
    person: async () => ({
      person: { ...person('dave'), sub: '22222222-aaaa-4000-8000-000000000002' },
      records: records.map((each) => ({ ...each, clientId: each.kind === 'client' ? client.id : null })),
    }),
    connected: async () => connectedOf(now),
    clients: async () => ({ clients, total: 4 }),
    ended: async () => ({ ended: ended.map((each) => ({ at: lastUsed, by: 'alice', ...each })) }),
    end: async () => 1,
  };
}
