import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { checkNames } from '../../operations/doctor/checks/names.ts';
import { run } from '../../operations/servers/rename.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send, verdictOf } from '../support/gateway/send.ts';
import { answerSoon, until } from '../support/listen.ts';
import { runCommand } from '../support/operations/run-command.ts';

/** The policy of an operator who calls one server mcp. */
const policy = `
group_mappings:
  mcp-registry-admin: [mcp-servers-unrestricted/execute]
mcp-servers-unrestricted/execute:
- server: mcp   # ours
  methods: [tools/call]
  tools: ["*"]
`;

const folder = mkdtempSync(join(tmpdir(), 'reserved-'));
const SCOPES_FILE = join(folder, 'scopes.yml');
let gateway: Gateway;
beforeAll(async () => {
  writeFileSync(SCOPES_FILE, policy);
  gateway = await startGateway({ SCOPES_FILE }, [], { processes: ['registry'] });
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  rmSync(folder, { recursive: true });
});

test('A server that an earlier version called mcp has no route after the upgrade; the start and the doctor say so, and servers:rename brings it back', async () => {
  const before = new DatabaseSync(join(gateway.dataDir, 'registry.db'), { timeout: 10_000 });
  before.exec("update server set name = 'mcp' where name = 'echo'");
  before.close();
  await gateway.kill('registry');
  await gateway.revive('registry');
  const command = 'npm run -s servers:rename -- mcp my-mcp';
  await logged(new RegExp(`^registry \\|.*its name is reserved.*|^registry \\|.*${command}`));
  expect(gateway.log.filter((line) => line.includes(command)).map((line) => line.split(' ')[0])).toEqual(
    expect.arrayContaining(['auth-server', 'registry', 'relay']),
  );
  const env = { DATA_DIR: gateway.dataDir, SCOPES_FILE, REGISTRY_URL: gateway.url };
  const findings = await checkNames({ root: folder, env, agentEnv: undefined, groups: [] }, undefined);
  expect(findings).toMatchObject([{ check: 'names', state: 'warn', todo: `rename it: ${command}` }]);

  const authorization = `Bearer ${await gateway.agentToken()}`;
  const headers = { authorization, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const call = async (server: string) => {
    const body = rpc('tools/call', { name: 'x' });
    return verdictOf(await send(gateway.ports.gateway, { path: `/${server}/mcp`, headers, body }));
  };
  expect(await call('mcp')).toBe('server_not_found');

  const { code, stdout, stderr } = await runCommand(run, ['mcp', 'my-mcp', '--yes'], { env });
  expect([code, stderr, stdout]).toEqual([0, '', expect.stringContaining('Renamed mcp to my-mcp')]);
  expect(await answerSoon(() => call('my-mcp'), 200, 60_000)).toBe(200);
  expect(readFileSync(SCOPES_FILE, 'utf8')).toBe(policy.replace('server: mcp', 'server: my-mcp'));
  expect(await checkNames({ root: folder, env, agentEnv: undefined, groups: [] }, undefined)).toMatchObject([
    { check: 'names', state: 'ok' },
  ]);
});

async function logged(line: RegExp): Promise<void> {
  expect(await until(() => gateway.log.some((each) => line.test(each)))).toBe(true);
}
