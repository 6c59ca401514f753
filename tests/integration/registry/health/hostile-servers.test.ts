import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listen, until } from '../../../support/listen.ts';
import { bareEnvironment } from '../../../support/process.ts';
import { type HostileAnswer, hostileMcp, initialized } from '../../../support/registry/hostile-mcp.ts';

const root = join(import.meta.dirname, '../../../..');
/** The heap that Node takes of the 512 MB which compose gives the registry. */
const heap = '--max-old-space-size=256';
const zeros = `[${'0,'.repeat(2_000_000)}0]`;
const servers: Record<string, Record<string, HostileAnswer>> = {
  zeros: { 'tools/list': () => `{"tools":${zeros}}` },
  lists: { 'tools/list': () => `{"tools":[${'[],'.repeat(1_300_000)}[]]}` },
  versions: { 'server/discover': () => `{"supportedVersions":${zeros}}` },
  capabilities: { initialize: () => initialized(`{"experimental":{"a":${zeros}}}`) },
  prompts: { 'prompts/list': () => `{"prompts":${zeros}}` },
  status: { 'tools/list': (_asked, res) => void res.writeHead(999).end() },
  good: {},
};

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

test('The registry process survives hostile servers with the memory of compose, and checks the others', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const entries = await Promise.all(
    Object.entries(servers).map(async ([name, own]) => {
      const { port, close } = await listen(hostileMcp(own));
      closers.push(close);
      return {
        name,
        title: name,
        description: name,
        upstream: `http://127.0.0.1:${port}`,
        transports: { 'streamable-http': '/mcp' },
      };
    }),
  );
  writeFileSync(join(folder, 'servers.json'), JSON.stringify(entries));
  const ports = await Promise.all([0, 0].map(() => listen(() => undefined)));
  const [port, metrics] = ports.map((each) => String(each.port));
  for (const { close } of ports) await close();
  const registry = spawn(process.execPath, [heap, 'registry/main.ts'], {
    cwd: root,
    env: {
      ...bareEnvironment(),
      REGISTRY_PORT: port,
      REGISTRY_METRICS_PORT: metrics,
      DATA_DIR: folder,
      ROUTES_DIR: folder,
      APPROVED_TOOLS_FILE: join(folder, 'approved-tools.json'),
      SCOPES_FILE: join(root, 'scopes.yml'),
      SERVERS_FILE: join(folder, 'servers.json'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [registry.stdout, registry.stderr]) stream.on('data', (chunk) => said.push(String(chunk)));
  closers.unshift(() => registry.kill('SIGKILL'));
  const stateOf = (name: string) => {
    const lines = said
      .join('')
      .split('\n')
      .filter((line) => line.includes(`"server":"${name}"`) && line.includes('"status"'));
    return lines.map((line) => JSON.parse(line) as { status: string; reason: string | null }).at(-1);
  };
  const isChecked = (name: string) =>
    stateOf(name)?.status === 'healthy' || /sent|MCP server/.test(stateOf(name)?.reason ?? '');
  const checked = () => registry.exitCode !== null || Object.keys(servers).every(isChecked);
  await until(checked, 60_000);
  expect([registry.exitCode, registry.signalCode, said.join('').includes('FATAL')]).toEqual([null, null, false]);
  expect(stateOf('good')).toMatchObject({ status: 'healthy', reason: null });
  for (const name of ['zeros', 'lists', 'versions', 'capabilities', 'prompts'])
    expect([name, stateOf(name)?.reason]).toEqual([name, expect.stringMatching(/it sent (a list of )?more than/)]);
  expect(stateOf('status')?.reason).toBe('It did not answer as an MCP server does.');
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${registry.pid}/status`, 'utf8'))?.[1];
  expect(Number(peak)).toBeLessThan(512 * 1_024);
}, 90_000);
