import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Container, startContainer } from './container.ts';

let folder: string;
let file: string;
let container: Container;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'install-'));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  [file = ''] = readdirSync(folder);
  container = startContainer(join(folder, file));
});
afterAll(() => {
  container?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const call = 'call currenttime current_time_by_timezone tz_name=Asia/Tokyo';

test('On a bare Debian with Node, the package installs by npm', () => {
  expect(container.run(`npm install --global ./${file}`)).toMatchObject({ code: 0 });
  expect(container.run('mcp-gateway --version')).toEqual({ code: 0, text: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  expect(container.run('touch /tmp/installed')).toMatchObject({ code: 0 });
});

test('With Node 20, mcp-gateway runs by the Node 26 that npm has brought with it', () => {
  const old = 'node-linux-$(node -p process.arch)';
  expect(container.run(`npm install --prefix old ${old}@20`)).toMatchObject({ code: 0 });
  const command = `old/node_modules/${old}/bin/node "$(npm root -g)/mcp-gateway-registry/bin/mcp-gateway.js"`;
  expect(container.run(`${command} --version`)).toEqual({ code: 0, text: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

test('A user who may not install nginx is told which packages an administrator installs', () => {
  const { code, text } = container.run('mcp-gateway up', 'node');
  expect({ code, text }).toEqual({
    code: 1,
    text: expect.stringContaining('apt-get install nginx libnginx-mod-http-js'),
  });
  expect(text).not.toContain('npm run');
});

test('mcp-gateway up installs nginx as root, starts everything, and an agent calls a tool', async () => {
  container.start('mcp-gateway up');
  expect(await container.untilShown(/The gateway is up after/)).toContain('mcp-gateway call currenttime');
  expect(container.run(`mcp-gateway ${call}`)).toEqual({ code: 0, text: expect.stringContaining('in Asia/Tokyo') });
});

test('The commands for operators find the gateway from any folder, and a backup is written where its caller is', () => {
  expect(container.run('cd /tmp && mcp-gateway doctor')).toEqual({
    code: 0,
    text: expect.stringContaining('Nothing is broken'),
  });
  expect(container.run('cd /tmp && mcp-gateway backup copy && ls copy')).toEqual({
    code: 0,
    text: expect.stringContaining('auth-server.db'),
  });
});

test('What the gateway keeps is in ~/.mcp-gateway, and nothing is written beside the package', () => {
  expect(container.run('ls -A .mcp-gateway').text.split('\n')).toEqual(expect.arrayContaining(['data', 'scopes.yml']));
  const written = container.run('find "$(npm root -g)" -newer /tmp/installed -type f');
  expect(written).toEqual({ code: 0, text: '' });
});

test('A signal to mcp-gateway stops every service', async () => {
  const ids = 'grep -la "^node.*bin/mcp-gatewa[y]" /proc/[0-9]*/cmdline | cut -d/ -f3';
  expect(container.run(`kill $(${ids})`)).toMatchObject({ code: 0 });
  await container.untilEnded();
});

test('A user without root runs the package by npx once nginx is installed, and an agent calls a tool', async () => {
  container.start(`npx ./${file} up`, 'node');
  await container.untilShown(/Ok to proceed/, 'node');
  container.type('y\n', 'node');
  await container.untilShown(/The gateway is up after/, 'node');
  expect(container.run(`npx ./${file} ${call}`, 'node')).toEqual({
    code: 0,
    text: expect.stringContaining('in Asia/Tokyo'),
  });
});

test('Ctrl-C ends npx and every service that it started', async () => {
  container.type('\x03', 'node');
  await container.untilEnded('node');
});
