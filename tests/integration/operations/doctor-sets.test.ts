import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { checkServerAccounts } from '../../../operations/doctor/checks/accounts.ts';
import { checkNames } from '../../../operations/doctor/checks/names.ts';
import { seed } from '../../../registry/store/seed.ts';
import { parseServers } from '../../../registry/store/servers-file.ts';
import { openStore } from '../../../registry/store/store.ts';
import { bothDatabases } from '../../support/postgres/both-databases.ts';
import { recordingLog } from '../../support/registry/registry-fixture.ts';

const servers = parseServers(`
- { name: notes, title: N, description: D, upstream: "http://127.0.0.1:9", transports: { streamable-http: /mcp } }
- { name: pages, title: P, description: D, upstream: "https://mcp.example.com", transports: { streamable-http: /mcp }, auth: { account: pages } }
- { name: moved, title: M, description: D, upstream: "https://other.example.com", transports: { streamable-http: /mcp }, auth: { account: pages, checks: ours } }
- { name: alone, title: A, description: D, upstream: "https://mcp.example.com", transports: { streamable-http: /mcp }, auth: { account: gone, checks: ours } }
- { name: team, title: T, description: D, members: [{ server: notes, tools: [read, purge] }, { server: gone }] }
`);
const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
writeFileSync(
  join(folder, 'secrets.yml'),
  'pages: { account: { issuer: https://mcp.example.com }, for: [https://mcp.example.com/mcp] }',
);
afterAll(() => rmSync(folder, { recursive: true }));
const policy = parsePolicy(`
group_mappings: { g: [s] }
UI-Scopes: { s: { list_service: [all] } }
s:
  - { server: team, methods: [tools/list] }
  - { server: notes, methods: [tools/call], tools: [read] }
`);

test.each(bothDatabases('registry.db'))(
  '%s: the doctor names what sets offer that is gone or that no group may call, and servers where no person can connect',
  async (_kind, places) => {
    const where = await places.empty();
    const store = await openStore(where);
    await seed(store, servers, recordingLog().log);
    await store.close();
    const env = where.startsWith('postgres') ? { DATABASE_URL: where } : { DATA_DIR: dirname(where) };
    const setup = { root: '/', env, agentEnv: undefined, groups: [] };
    const findings = await checkNames(setup, policy);
    expect(findings.map(({ state, seen }) => [state, seen])).toEqual([
      ['ok', 'no server has a reserved name'],
      ['warn', 'the set team offers gone, which no server is called'],
      ['warn', 'set team: offers purge of notes, which no group may call'],
    ]);
    const more = { UPSTREAM_SECRETS_FILE: join(folder, 'secrets.yml'), TOOL_CHANGES: 'refuse' };
    const accounts = await checkServerAccounts({ ...setup, env: { ...env, ...more } });
    expect(accounts.map(({ state, seen }) => [state, seen])).toEqual([
      ['FAIL', 'alone wants accounts by the entry gone, which is not there'],
      ['FAIL', 'the entry pages does not cover moved, so no person can connect there'],
      ['warn', expect.stringContaining('TOOL_CHANGES=refuse refuses every tool of pages')],
    ]);
  },
);
