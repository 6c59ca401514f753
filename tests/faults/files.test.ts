import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rpc, send } from '../support/gateway/send.ts';
import { nameOf } from './load.ts';
import { type Fault, type Stage, startStage } from './stage.ts';
import { record } from './table.ts';

const folder = mkdtempSync(join(tmpdir(), 'faults-'));
const SCOPES_FILE = join(folder, 'scopes.yml');
const UPSTREAM_SECRETS_FILE = join(folder, 'secrets.yml');
const shipped = readFileSync('scopes.yml', 'utf8');
const secrets = 'unused:\n  for: [https://mcp.example.com]\n  value: q7Zk2m9Xw4Rt\n';
let stage: Stage;
beforeAll(async () => {
  replace(SCOPES_FILE, shipped);
  replace(UPSTREAM_SECRETS_FILE, secrets);
  stage = await startStage({ SCOPES_FILE, UPSTREAM_SECRETS_FILE });
}, 90_000);
afterAll(async () => {
  await stage?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Replaces the file as an editor or a deployment does, even if a directory has its name. */
function replace(path: string, text: string): void {
  rmSync(path, { recursive: true, force: true });
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function directory(path: string): void {
  rmSync(path);
  mkdirSync(path);
}

const mended = { lasts: 2_000, within: 2, end: () => replace(SCOPES_FILE, shipped) };

test.each<Fault>([
  {
    what: '`scopes.yml` is broken (no YAML)',
    begin: () => replace(SCOPES_FILE, `${shipped}\n}{`),
    ...mended,
    refusals: [],
  },
  {
    what: '`scopes.yml` is cut off in the middle of a write',
    // After a whole line: what is left is a policy.
    begin: () => replace(SCOPES_FILE, shipped.slice(0, shipped.indexOf('\n', shipped.length / 2))),
    ...mended,
    // Half a policy is a smaller policy: writing in place instead of renaming revokes rights for a moment.
    refusals: ['200 not_permitted', '403 not_permitted'],
    mayLose: ['open streams'],
  },
  { what: '`scopes.yml` is empty', begin: () => replace(SCOPES_FILE, ''), ...mended, refusals: [] },
  { what: '`scopes.yml` is deleted', begin: () => rmSync(SCOPES_FILE), ...mended, refusals: [] },
  {
    what: '`scopes.yml` is replaced by a directory',
    begin: () => directory(SCOPES_FILE),
    ...mended,
    refusals: [],
  },
  {
    what: 'the file of upstream secrets is broken',
    begin: () => replace(UPSTREAM_SECRETS_FILE, '}{'),
    lasts: 2_000,
    end: () => replace(UPSTREAM_SECRETS_FILE, secrets),
    refusals: [],
    within: 2,
  },
])(
  'When $what, no unauthorized request is allowed, and the last good file stays in force',
  async (fault) => record(await stage.endure(fault)),
  60_000,
);

/** Sets the maximum file size of a process, in bytes. The process then sees a full disk. */
function limitFiles(service: string, bytes: number | 'unlimited'): void {
  const pid = stage.gateway.supervisor.pid(service) ?? 0;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  for (const each of [String(pid), ...children])
    execFileSync('prlimit', [`--pid=${each}`, `--fsize=${bytes}:unlimited`]);
}

const mcpInitialize = () => rpc('initialize', { protocolVersion: '2025-11-25', capabilities: {} });
const full = (service: string): Pick<Fault, 'lasts' | 'end' | 'within'> => ({
  lasts: 3_000,
  end: () => limitFiles(service, 'unlimited'),
  within: 5,
});

test('When the disk of the auth-server is full, no login and no MCP session begins, the log says why, and no data is lost', async () => {
  const { gateway, callers } = stage;
  const initialize = async () => {
    const { echo, ports } = gateway;
    const usual = echo.answer;
    echo.answer = (res, seen) => {
      if (seen.body.includes('"initialize"')) res.setHeader('mcp-session-id', `session-${Math.random()}`);
      usual(res, seen);
    };
    const request = { path: '/echo/mcp', headers: callers.person, body: mcpInitialize() };
    return nameOf(await send(ports.gateway, request).finally(() => (echo.answer = usual)));
  };
  const said: string[] = [];
  const linesBefore = gateway.log.length;
  const logIn = () => gateway.sessionCookie('carol').catch((error: Error) => error.message);
  const outcome = await stage.endure({
    what: 'the disk of the auth-server is full',
    begin: async () => {
      limitFiles('auth-server', 0);
      said.push(await logIn(), await initialize());
    },
    ...full('auth-server'),
    refusals: [],
    also: 'a login: a page with 503, a new MCP session: `503 authorization_unavailable`',
  });
  record(outcome);
  expect(said).toEqual([
    expect.stringMatching(/^carol could not sign in: 503 .*The gateway could not do that/s),
    '503 authorization_unavailable',
  ]);
  const lines = gateway.log.slice(linesBefore);
  const reasons = lines.filter((line) => line.startsWith('auth-server |') && line.includes('"level":"error"'));
  expect(reasons.length).toBeGreaterThan(0);
  for (const line of reasons) expect(line).toMatch(/disk (I\/O error|is full)/);
  expect(await logIn()).toMatch(/^mcp_gateway_session=/);
  expect(await initialize()).toBe('200');
}, 60_000);

test('When the disk of the registry is full, no server can be registered, the log says why, and no data is lost', async () => {
  const { gateway, callers } = stage;
  const register = async (name: string) => {
    const server = { name, title: 'New', description: 'A new one', upstream: gateway.echo.url, tags: [] };
    const body = JSON.stringify({ ...server, transports: { 'streamable-http': '/mcp' } });
    return nameOf(await send(gateway.ports.gateway, { path: '/api/servers', headers: callers.person, body }));
  };
  let written = '';
  const outcome = await stage.endure({
    what: 'the disk of the registry is full',
    begin: async () => {
      limitFiles('registry', 0);
      written = await register('new-one');
    },
    ...full('registry'),
    refusals: [],
    also: 'to register a server: `503 store_unavailable`',
  });
  record(outcome);
  expect(written).toBe('503 store_unavailable');
  expect(await register('new-one')).toBe('201');
}, 60_000);
