import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { configSchema } from '../../../../auth-server/process/config.ts';
import { policyVersion } from '../../../../common/policy/policy-in-force.ts';
import { readConfig } from '../../../../common/settings/config.ts';
import { keys, publicUrl, secretKey, temporaryDirectory, WEB } from '../../../support/auth-server/auth-fixture.ts';
import { freePorts } from '../../../support/gateway/gateway.ts';
import { bareEnvironment } from '../../../support/process.ts';
import { type RunningCognito, startCognito } from '../../../support/stand-in/start.ts';

let cognito: RunningCognito;
let ports: { main: number; metrics: number };
let home: ReturnType<typeof temporaryDirectory>;
let policyFile: string;
let child: ChildProcess | undefined;
let log: string;

beforeEach(async () => {
  cognito = await startCognito({ keys });
  const [main = 0, metrics = 0] = await freePorts(2);
  ports = { main, metrics };
  home = temporaryDirectory();
  policyFile = join(home.directory, 'scopes.yml');
  writeFileSync(policyFile, readFileSync('scopes.yml'));
  log = '';
});
afterEach(async () => {
  if (child?.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
  await cognito.close();
  home.remove();
});

/** The auth-server as a real process. */
function start(more: NodeJS.ProcessEnv = {}): ChildProcess {
  const env = {
    ...bareEnvironment(),
    ...more,
    SECRET_KEY: secretKey,
    COGNITO_USER_POOL_ID: 'us-east-1_LocalPool',
    COGNITO_CLIENT_ID: WEB,
    COGNITO_LOCAL_ENDPOINT: cognito.url,
    REGISTRY_URL: publicUrl,
    REGISTRY_INTERNAL_URL: 'http://127.0.0.1:1',
    AUTH_SERVER_PORT: String(ports.main),
    METRICS_PORT: String(ports.metrics),
    SCOPES_FILE: policyFile,
    DATA_DIR: home.directory,
    // Each process logs the files that it reads.
    AUTH_SERVER_WORKERS: '1',
  };
  child = spawn(process.execPath, ['auth-server/main.ts'], { env });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  return child;
}

const at = (port: number, path: string) => fetch(`http://127.0.0.1:${port}${path}`);
const metrics = async () => (await at(ports.metrics, '/metrics')).text();
const metric = async (name: string) =>
  (await metrics())
    .split('\n')
    .find((line) => line.startsWith(`mcp_gateway_${name} `))
    ?.split(' ')[1];
const health = async () => ((await (await at(ports.main, '/health')).json()) as { policy: string }).policy;

/** Waits for a condition. The limit is only for a test that fails: a busy machine takes long to start a process. */
async function until(condition: () => Promise<boolean> | boolean): Promise<boolean> {
  for (const end = performance.now() + 60_000; performance.now() < end; await sleep(20)) {
    if (await Promise.resolve(condition()).catch(() => false)) return true;
  }
  return false;
}

const up = () => until(async () => (await at(ports.main, '/login')).ok);

test('The metrics are on a port of their own, not on the main one, and an open connection to it does not delay a stop', async () => {
  const server = start();
  expect(await up()).toBe(true);
  const answer = await at(ports.metrics, '/metrics');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  expect(await answer.text()).toContain('# TYPE mcp_gateway_decisions_total counter');
  expect((await at(ports.metrics, '/health')).status).toBe(404);
  expect((await at(ports.metrics, '/validate')).status).toBe(404);
  for (const path of ['/metrics', '/metrics/', '/oauth2/metrics', '/oauth2/static/metrics', '/.well-known/metrics']) {
    const elsewhere = await at(ports.main, path);
    expect([path, elsewhere.status]).toEqual([path, 404]);
    expect(await elsewhere.text()).not.toContain('mcp_gateway');
  }
  expect(await until(async () => Number(await metric('jwks_age_seconds')) >= 0)).toBe(true);
  server.kill('SIGTERM');
  const [code] = await once(server, 'exit');
  expect(code).toBe(0);
});

test('The metrics listen on loopback unless a setting says otherwise', () => {
  const env = { SECRET_KEY: secretKey, COGNITO_USER_POOL_ID: 'us-east-1_A', COGNITO_CLIENT_ID: WEB };
  expect(readConfig(configSchema, env)).toMatchObject({ METRICS_HOST: '127.0.0.1', METRICS_PORT: 9464 });
  expect(() => readConfig(configSchema, { ...env, METRICS_PORT: '0' })).toThrow('METRICS_PORT: ');
});

test.each([
  ['metrics', 'METRICS_PORT'],
  ['main', 'AUTH_SERVER_PORT'],
] as const)(
  'A %s port that is in use makes the start fail with exit code 1 and a message that names %s',
  async (which, variable) => {
    const other = createServer().listen(ports[which], '127.0.0.1');
    await once(other, 'listening');
    try {
      const [code] = await once(start(), 'close');
      expect(code).toBe(1);
      expect(log).toContain(
        `port ${ports[which]} on 127.0.0.1 is taken: stop the program that has it, or set ${variable}`,
      );
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  },
);

test('Metrics and health show a broken and a repaired policy file within a second, with the active version', async () => {
  const good = readFileSync(policyFile, 'utf8');
  const mended = `${good}\n# mended\n`;
  start();
  expect(await up()).toBe(true);
  const versionLine = (text: string) => `mcp_gateway_policy_info{version="${policyVersion(text)}"} 1`;
  const replace = (text: string) => {
    writeFileSync(`${policyFile}.new`, text);
    renameSync(`${policyFile}.new`, policyFile);
  };
  expect([await metric('policy_faults'), await health()]).toEqual(['0', 'in force']);
  expect(await metrics()).toContain(versionLine(good));
  const loaded = Number(await metric('policy_loaded_timestamp_seconds'));
  expect(Math.abs(Date.now() / 1000 - loaded)).toBeLessThan(30);

  replace('group_mappings: 7\n');
  expect(await until(async () => Number(await metric('policy_faults')) > 0)).toBe(true);
  expect(await health()).toBe('last good one in force; the file has faults');
  expect(await metrics()).toContain(versionLine(good));
  expect(await metric('policy_reloads_total{result="failed"}')).toBe('1');
  expect(Number(await metric('policy_loaded_timestamp_seconds'))).toBe(loaded);

  replace(mended);
  expect(await until(async () => (await metric('policy_faults')) === '0')).toBe(true);
  expect(await health()).toBe('in force');
  expect(await metrics()).toContain(versionLine(mended));
  expect(await metrics()).not.toContain(policyVersion(good));
  expect(await metric('policy_reloads_total{result="ok"}')).toBe('1');
  expect(Number(await metric('policy_loaded_timestamp_seconds'))).toBeGreaterThan(loaded);

  // Every later decision names the new version, like the log line about the file.
  await at(ports.main, '/validate');
  expect(await until(() => log.includes('"verdict":"deny"'))).toBe(true);
  const lines = log.split('\n').filter((line) => line.startsWith('{'));
  const named = lines.map((line) => JSON.parse(line)).filter((line) => line.policy !== undefined);
  expect(named.map(({ msg, policy }) => [msg, policy])).toEqual([
    ['the changed policy file cannot be used; the last good one stays in force', policyVersion(good)],
    ['policy file read again', policyVersion(mended)],
    ['The gate did not send x-resource.', policyVersion(mended)],
  ]);
});

test('Metrics and health show a broken and a repaired file of upstream secrets, and contain no secret', async () => {
  const secretsFile = join(home.directory, 'secrets.yml');
  const write = (text: string) => writeFileSync(secretsFile, text, { mode: 0o600 });
  const word = async () =>
    ((await (await at(ports.main, '/health')).json()) as Record<string, string>)['upstream-secrets'];
  write('github: { for: [https://mcp.example.com], value: S3cret, env: X }');
  const [code] = await once(start({ UPSTREAM_SECRETS_FILE: secretsFile }), 'close');
  expect([code, log]).toEqual([1, expect.stringContaining('github: must have exactly one of value, env and file')]);

  write('github: { for: [https://mcp.example.com], env: TOKEN_OF_THE_TEST }');
  start({ UPSTREAM_SECRETS_FILE: secretsFile, TOKEN_OF_THE_TEST: 'S3cret' });
  expect(await up()).toBe(true);
  expect([await metric('upstream_secrets_faults'), await word()]).toEqual(['0', 'in force']);
  write('github: { value: S3cret');
  expect(await until(async () => (await metric('upstream_secrets_faults')) === '1')).toBe(true);
  expect(await word()).toBe('last good ones in force; the file has faults');
  write('{}');
  expect(await until(async () => (await metric('upstream_secrets_faults')) === '0')).toBe(true);
  expect(await word()).toBe('in force');
  expect(log + (await metrics())).not.toContain('S3cret');
});

test('The version is the file’s sha256sum, and the command line prints the same one', async () => {
  const run = async (script: string, args: string[]) => {
    const command = spawn(process.execPath, [`operations/policy/${script}.ts`, ...args], {
      env: { ...bareEnvironment(), SCOPES_FILE: policyFile },
    });
    let said = '';
    command.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await once(command, 'close');
    return said;
  };
  writeFileSync(policyFile, 'group_mappings: {g: [s]}\ns: [{server: a, methods: [tools/list]}]\n');
  const version = 'bcd95eaed975';
  expect(policyVersion(readFileSync(policyFile, 'utf8'))).toBe(version);
  expect(await run('check', [])).toContain(`version ${version} of ${policyFile}: `);
  const asked = ['--group', 'g', '--server', 'a', '--method', 'tools/list'];
  expect(await run('explain', asked)).toContain(`by version ${version} of ${policyFile}`);
  expect(JSON.parse(await run('explain', [...asked, '--json']))).toMatchObject({ version });
});
