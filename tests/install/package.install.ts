import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const image = 'node:26-bookworm-slim';
let folder: string;
let container: string;

function docker(...words: string[]): string {
  return execFileSync('docker', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 24 });
}

/** Runs a shell command in the container. @returns the exit code and everything that it printed */
function inside(command: string, user = 'root'): { code: number; text: string } {
  const line = `cd && { ${command}\n} 2>&1; echo " code=$?"`;
  const said = docker('exec', '-u', user, container, 'sh', '-c', line);
  const [, text = '', code] = /^([\s\S]*) code=(\d+)\n$/.exec(said) ?? [];
  return { code: Number(code), text };
}

async function untilLog(pattern: RegExp): Promise<string> {
  for (const end = Date.now() + 600_000; Date.now() < end; await sleep(500)) {
    const { text } = inside('cat up.log 2>/dev/null; echo');
    if (pattern.test(text)) return text;
  }
  throw new Error(`no ${pattern} in what mcp-gateway up printed:\n${inside('cat up.log').text}`);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'install-'));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [file = ''] = readdirSync(folder);
  container = docker('run', '-d', '--init', image, 'sleep', '3600').trim();
  docker('cp', join(folder, file), `${container}:/root/package.tgz`);
});
afterAll(() => {
  if (container) docker('rm', '-f', container);
  rmSync(folder, { recursive: true, force: true });
});

test('On a bare Debian with Node, the package installs by npm', () => {
  expect(inside('npm install --global ./package.tgz')).toMatchObject({ code: 0 });
  expect(inside('mcp-gateway --version')).toEqual({ code: 0, text: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  expect(inside('touch /tmp/installed')).toMatchObject({ code: 0 });
});

test('A user who may not install nginx is told which packages an administrator installs', () => {
  const { code, text } = inside('mcp-gateway up', 'node');
  expect({ code, text }).toEqual({
    code: 1,
    text: expect.stringContaining('apt-get install nginx libnginx-mod-http-js'),
  });
  expect(text).not.toContain('npm run');
});

test('mcp-gateway up installs nginx as root, starts everything, and an agent calls a tool', async () => {
  docker('exec', '-d', container, 'sh', '-c', 'cd && exec mcp-gateway up > up.log 2>&1');
  expect(await untilLog(/The gateway is up after/)).toContain('mcp-gateway call currenttime');
  const call = `mcp-gateway call currenttime current_time_by_timezone tz_name=Asia/Tokyo`;
  expect(inside(call)).toEqual({ code: 0, text: expect.stringContaining('in Asia/Tokyo') });
});

test('The commands for operators find the gateway from any folder, and a backup is written where its caller is', () => {
  expect(inside('cd /tmp && mcp-gateway doctor')).toEqual({
    code: 0,
    text: expect.stringContaining('Nothing is broken'),
  });
  expect(inside('cd /tmp && mcp-gateway backup copy && ls copy')).toEqual({
    code: 0,
    text: expect.stringContaining('auth-server.db'),
  });
});

test('What the gateway keeps is in ~/.mcp-gateway, and nothing is written beside the package', () => {
  expect(inside('ls -A .mcp-gateway').text.split('\n')).toEqual(expect.arrayContaining(['data', 'scopes.yml']));
  const written = inside('find "$(npm root -g)" -newer /tmp/installed -type f');
  expect(written).toEqual({ code: 0, text: '' });
});

test('A signal to mcp-gateway stops every service', async () => {
  expect(inside('kill $(grep -la "bin/mcp-gatewa[y]" /proc/[0-9]*/cmdline | cut -d/ -f3)')).toMatchObject({ code: 0 });
  const running = 'cat /proc/[0-9]*/cmdline | tr "\\0" " " | grep -oE "nginx: master|main.js" | sort -u; true';
  for (const end = Date.now() + 60_000; Date.now() < end && inside(running).text !== ''; await sleep(500));
  expect(inside(running).text).toBe('');
});
