import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import type { Ports } from '../../launch/services.ts';
import { portsAsSettings, stackPorts } from '../support/gateway/gateway.ts';
import { answerSoon, until } from '../support/listen.ts';

jest.setTimeout(600_000);

const root = join(import.meta.dirname, '../..');
let ports: Ports;
let dataDir: string;
let child: ChildProcess | undefined;
let output: string;

beforeEach(async () => {
  ports = await stackPorts();
  dataDir = mkdtempSync(join(tmpdir(), 'up with (a) space, ü-'));
  output = '';
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await untilNoneRemain();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Starts `npm run up` as a person does, with the test's own ports and data folder. */
function up(overrides: NodeJS.ProcessEnv = {}): ChildProcess {
  const env = {
    ...process.env,
    ...portsAsSettings(ports),
    UP_DATA_DIR: dataDir,
    ...overrides,
  };
  child = spawn('npm', ['run', 'up'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return child;
}

/** The environment of a second terminal. */
function callerEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, HOME: dataDir };
}

async function untilPrinted(text: string | RegExp): Promise<void> {
  const isPrinted = () => (typeof text === 'string' ? output.includes(text) : text.test(output));
  if (!(await until(isPrinted, 120_000))) throw new Error(`the output does not contain ${text}:\n${output}`);
}

/** The pid and command of every process with this test's folder in its environment or command line. */
function remainingProcesses(): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        const text = command + readFileSync(`/proc/${pid}/environ`, 'utf8');
        return command !== '' && text.includes(dataDir) ? [`${pid} ${command.replaceAll('\0', ' ')}`] : [];
      } catch {
        return [];
      }
    });
}

async function untilNoneRemain(): Promise<void> {
  expect(await answerSoon(remainingProcesses, [])).toEqual([]);
}

async function exitCode(): Promise<number | null> {
  if (child && child.exitCode === null) await once(child, 'close');
  return child?.exitCode ?? null;
}

function pidOf(part: string): number {
  const line = remainingProcesses().find((entry) => entry.includes(part));
  if (!line) throw new Error(`no process ${part} in ${remainingProcesses().join('\n')}`);
  return Number.parseInt(line, 10);
}

test('npm run up starts everything, shows the addresses and how to try them, and Ctrl-C leaves no process behind; then it starts again on the same data with the same key, and when npm is killed, no process stays behind', async () => {
  const keyFile = join(dataDir, 'secret-key');
  const npm = up();
  await untilPrinted('The gateway is up');
  const health = await fetch(`http://localhost:${ports.gateway}/health`);
  expect(await health.json()).toMatchObject({ status: 'up' });
  expect(output).toContain(`http://localhost:${ports.gateway}/currenttime/mcp`);
  expect(output).toMatch(/alice +mcp-registry-admin/);
  // As a person copies it, with the addresses of this run.
  const shown = /^ +(\S.*npm run -s call .*)$/m.exec(output)?.[1] ?? '';
  const { stdout } = await promisify(execFile)('sh', ['-c', shown], { cwd: root, env: callerEnvironment() });
  expect(stdout).toMatch(/JST \(UTC\+09:00\) in Asia\/Tokyo/);
  expect(output).toMatch(/auth-server +\| listening/);
  expect(remainingProcesses().length).toBeGreaterThan(7);
  const key = readFileSync(keyFile, 'utf8');
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  npm.kill('SIGINT');
  expect(await exitCode()).toBe(0);
  await untilNoneRemain();

  output = '';
  const second = up();
  await untilPrinted('The gateway is up');
  expect(readFileSync(keyFile, 'utf8')).toBe(key);
  process.kill(second.pid ?? 0, 'SIGKILL');
  await untilNoneRemain();
});

test('npm run up starts although its public address does not answer here, as behind a terminator: that is a warning. When launch/up.ts is killed, no process stays behind', async () => {
  const publicUrl = `http://gateway.invalid:${ports.gateway}`;
  up({ REGISTRY_URL: publicUrl, COGNITO_USER_POOL_ID: 'us-east-1_ABC123DEF' });
  await untilPrinted('nginx itself answers on');
  expect(output).toContain('The gateway is up');
  expect(output).toMatch(/Warning: http:\/\/gateway\.invalid:\d+\/health cannot be asked from here: getaddrinfo/);
  expect(output).toContain(`nginx itself answers on 127.0.0.1:${ports.gateway}`);
  process.kill(pidOf('launch/up.ts'), 'SIGKILL');
  await untilNoneRemain();
});

test('Ctrl-C during the start leaves no process behind', async () => {
  const npm = up();
  await untilPrinted(/\| listening/);
  npm.kill('SIGINT');
  await exitCode();
  await untilNoneRemain();
});

test('A port that is taken is reported with the program that uses it and a way around it', async () => {
  const server = createServer().listen(ports.authServer, '127.0.0.1');
  await once(server, 'listening');
  up();
  expect(await exitCode()).toBe(1);
  server.close();
  expect(output).toContain(`Port ${ports.authServer} is taken by`);
  expect(output).toContain(`(process ${process.pid})`);
  expect(output).toContain('AUTH_SERVER_PORT');
});

test('An invalid configuration is reported with all its variables at once, and everything is stopped', async () => {
  up({ SECRET_KEY: 'short', SESSION_HOURS: 'soon' });
  expect(await exitCode()).toBe(1);
  expect(output).toMatch(/SESSION_HOURS/);
  expect(output).toMatch(/SECRET_KEY: needs at least 32 characters/);
  expect(output).toContain('auth-server stopped by itself');
  expect(output).not.toContain('short');
});

test('An invalid policy file is reported with the line', async () => {
  up({ SCOPES_FILE: join(root, 'package.json') });
  expect(await exitCode()).toBe(1);
  expect(output).toMatch(/SCOPES_FILE .*package\.json: line \d+/);
});

test('A service that dies is reported by name, and everything is stopped', async () => {
  up();
  await untilPrinted('The gateway is up');
  process.kill(pidOf('servers/currenttime/main.ts'), 'SIGKILL');
  expect(await exitCode()).toBe(1);
  expect(output).toContain('currenttime stopped by itself (SIGKILL)');
});
