import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { parsePolicy } from '../../common/policy/policy-file.ts';
import { type SettingName, sections, settings } from '../../common/settings/table.ts';
import { agents, type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { until } from '../support/listen.ts';
import { blocksOf } from './shell-blocks.ts';
import { newTerminal, type Terminal } from './terminal.ts';

jest.setTimeout(180_000);

const file = 'docs/migration.md';
const page = readFileSync(file, 'utf8');

/** A policy of the original: it lists the lifecycle methods and allows calls by `tools` alone. */
const oldPolicy = `
UI-Scopes:
  mcp-registry-admin: { list_service: [all], register_service: [all], health_check_service: [all], toggle_service: [all], modify_service: [all] }
  mcp-registry-user: { list_service: [currenttime] }
group_mappings:
  mcp-registry-admin: [mcp-registry-admin, mcp-servers-unrestricted/read, mcp-servers-unrestricted/execute]
  mcp-registry-user: [mcp-registry-user, mcp-servers-restricted/read]
mcp-servers-unrestricted/read:
  - server: currenttime
    methods: [initialize, notifications/initialized, ping, tools/list, tools/call]
    tools: [current_time_by_timezone]
  - server: mcpgw
    methods: [initialize, notifications/initialized, ping, tools/list, tools/call]
    tools: [intelligent_tool_finder, list_services, register_service, toggle_service]
mcp-servers-unrestricted/execute:
  - server: currenttime
    methods: [initialize, notifications/initialized, ping, tools/list, tools/call]
    tools: [current_time_by_timezone]
mcp-servers-restricted/read:
  - server: currenttime
    methods: [initialize, notifications/initialized, ping, tools/list]
    tools: [current_time_by_timezone]
`;

function writeOldInstallation(folder: string): void {
  const write = (path: string, text: string) => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text, { mode: 0o600 });
  };
  write('auth_server/scopes.yml', oldPolicy);
  const [id, secret] = agents.agent;
  const pool = 'COGNITO_USER_POOL_ID=us-east-1_LocalPool\nAWS_REGION=us-east-1\n';
  write(
    'agents/.env.agent',
    `COGNITO_CLIENT_ID=${id}\nCOGNITO_CLIENT_SECRET=${secret}\n${pool}REGISTRY_URL=http://localhost:7860\n`,
  );
  const common = {
    description: 'Notes of the team',
    tags: ['notes'],
    num_tools: 2,
    num_stars: 0,
    is_python: true,
    license: 'MIT',
    tool_list: [],
  };
  write(
    'registry/servers/notes.json',
    JSON.stringify({ ...common, server_name: 'Notes', path: '/notes', proxy_pass_url: 'http://127.0.0.1:9000/' }),
  );
  write(
    'registry/servers/currenttime.json',
    JSON.stringify({
      ...common,
      server_name: 'Current Time API',
      path: '/currenttime',
      proxy_pass_url: 'http://127.0.0.1:8000/',
    }),
  );
  write('registry/servers/server_state.json', '{"/notes": true, "/currenttime": true}');
}

/** What each command of the page must show. Other tests run the remaining commands (command-table.ts). */
const expected: readonly (readonly [begin: string, code: number, shows: RegExp])[] = [
  ['npm run -s scopes:check', 1, /tools\/call/],
  ['npm run -s scopes:diff', 1, /mcp-registry-user/],
  ['npm run -s explain', 1, /^Denied: .*method_not_allowed/m],
  ['cp scopes.yml', 0, /^$/],
  ['cp "$OLD/auth_server/scopes.yml"', 0, /^$/],
  ['npm run -s secret-key', 0, /^[0-9a-f]{64}$/m],
  ['npm run doctor', 0, /^ok/m],
  ['npm run -s import -- --use-session-cookie --dry-run', 1, /"notes","outcome":"registered"[\s\S]*server_state\.json/],
  ['npm run -s import -- --use-session-cookie "$OLD"', 1, /"notes","outcome":"registered"/],
  ['npm run -s servers', 0, /notes/],
  ['npm run -s token', 0, /^eyJ/m],
  ['npm run -s call', 0, /JST/],
  ['npm run -s agent', 0, /Tokyo/],
];
const elsewhere = ['docker compose', 'npm run -s login', 'npm run attack', 'OLD='];

let gateway: Gateway;
let terminal: Terminal;
beforeAll(async () => {
  gateway = await startGateway({ SERVERS_FILE: '' });
  terminal = newTerminal(gateway);
  terminal.logIn(await gateway.sessionCookie('alice'));
  writeOldInstallation(join(terminal.folder, '..', 'mcp-gateway-registry'));
  // Wait until the registry has read the tools of the servers.
  expect(await until(isAsked, 120_000)).toBe(true);
}, 150_000);
afterAll(async () => {
  terminal?.remove();
  await gateway?.stop();
});

async function isAsked(): Promise<boolean> {
  const headers = { authorization: `Bearer ${await gateway.agentToken()}` };
  const answer = await fetch(`${gateway.url}/api/servers/currenttime/health`, { headers });
  return (await answer.text()).includes('"status":"healthy"');
}

test('Every command of the page does what the page says, against an installation of the original', async () => {
  const commands = blocksOf(file).commands.map(({ command }) => command);
  // The variable comes first, because the other commands use it.
  const typed = commands.filter(
    (each) => each.startsWith('OLD=') || !elsewhere.some((begin) => each.startsWith(begin)),
  );
  const outcomes = await terminal.type(typed);
  for (const [index, command] of typed.entries()) {
    if (command.startsWith('OLD=')) continue;
    const row = expected.find(([begin]) => command.startsWith(begin));
    if (!row) throw new Error(`there is no expected output for ${command}`);
    const { code, shown = '' } = outcomes[index] ?? {};
    expect({ command, code, shown }).toEqual({ command, code: row[1], shown: expect.stringMatching(row[2]) });
  }
  const used = expected.filter(([begin]) => typed.some((command) => command.startsWith(begin)));
  expect(used).toHaveLength(expected.length);
});

test('The old policy loads unchanged, and does what the page says about it', () => {
  expect(() => parsePolicy(oldPolicy)).not.toThrow();
});

test('The code reads every variable that the page says it keeps, and no other one', () => {
  const table = page.slice(page.indexOf('### Variables'), page.indexOf('### What scopes.yml means'));
  const rows = [...table.matchAll(/^\| (.*?) \| (.*?) \|/gm)].slice(2);
  const names = (cell: string) => [...cell.matchAll(/`([A-Z][A-Z_]+)/g)].map(([, name]) => name as SettingName);
  for (const [, old = '', now = ''] of rows) {
    const kept = now.startsWith('the same') ? names(old) : names(now);
    for (const name of kept) expect(Object.keys(settings)).toContain(name);
    if (now === 'gone' || names(now).length > 0)
      for (const name of names(old).filter((each) => !names(now).includes(each)))
        expect(Object.keys(settings)).not.toContain(name);
  }
  expect(rows.length).toBeGreaterThanOrEqual(8);
  expect(sections.length).toBeGreaterThan(0);
});
