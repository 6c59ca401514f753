import { dirname } from 'node:path';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { checkNames } from '../../../operations/doctor/checks/names.ts';
import { seed } from '../../../registry/store/seed.ts';
import { parseServers } from '../../../registry/store/servers-file.ts';
import { openStore } from '../../../registry/store/store.ts';
import { bothDatabases } from '../../support/postgres/both-databases.ts';
import { recordingLog } from '../../support/registry/registry-fixture.ts';

const servers = parseServers(`
- { name: notes, title: N, description: D, upstream: "http://127.0.0.1:9", transports: { streamable-http: /mcp } }
- { name: team, title: T, description: D, members: [{ server: notes, tools: [read, purge] }, { server: gone }] }
`);
const policy = parsePolicy(`
group_mappings: { g: [s] }
UI-Scopes: { s: { list_service: [all] } }
s:
  - { server: team, methods: [tools/list] }
  - { server: notes, methods: [tools/call], tools: [read] }
`);

test.each(bothDatabases('registry.db'))(
  '%s: the doctor names what a set offers and is gone, and what no group may call',
  async (_kind, places) => {
    const where = await places.empty();
    const store = await openStore(where);
    await seed(store, servers, recordingLog().log);
    await store.close();
    const env = where.startsWith('postgres') ? { DATABASE_URL: where } : { DATA_DIR: dirname(where) };
    const findings = await checkNames({ root: '/', env, agentEnv: undefined, groups: [] }, policy);
    expect(findings.map(({ state, seen }) => [state, seen])).toEqual([
      ['ok', 'no server has a reserved name'],
      ['warn', 'the set team offers gone, which no server is called'],
      ['warn', 'set team: offers purge of notes, which no group may call'],
    ]);
  },
);
