import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { testNames } from '../support/rows/test-names.ts';
import { type Row, rows } from './command-table.ts';
import { blocksOf, type DocCommand, pages } from './shell-blocks.ts';
import { newTerminal, type Terminal, type Typed } from './terminal.ts';

jest.setTimeout(180_000);

const blocks = pages.map((file) => ({ file, ...blocksOf(file) }));
const commands = blocks.flatMap((page) => page.commands);
const rowOf = ({ file, command }: DocCommand): Row | undefined =>
  rows
    .filter((row) => row.file === file && command.startsWith(row.command))
    .sort((a, b) => b.command.length - a.command.length)[0];
const isHere = (command: DocCommand) => rowOf(command)?.how.run === 'here';
const first = ({ command }: DocCommand) => command.split('\n')[0] ?? '';

describe('Every command in the docs is executed by a test', () => {
  test('each command has a row that says where it runs, or why it does not', () => {
    const without = commands.filter((command) => !rowOf(command));
    expect(without.map((one) => `${one.file}:${one.line} ${first(one)}`)).toEqual([]);
    expect(commands.length).toBeGreaterThan(50);
  });

  test('each row has a command in the docs', () => {
    const used = new Set(commands.map(rowOf));
    expect(rows.filter((row) => !used.has(row))).toEqual([]);
  });

  test.each(rows.filter(({ how }) => how.run !== 'here').map((row) => [row.file, row.command, row] as const))(
    '%s, %s: the named test exists, or the page says why there is none',
    (file, _, { how }) => {
      if (how.run === 'elsewhere')
        expect(namesIn(how.test).filter((name) => name.startsWith(how.name))).not.toEqual([]);
      if (how.run === 'nowhere') expect(readFileSync(file, 'utf8').replace(/\s+/g, ' ')).toContain(how.because);
    },
  );

  test('no block without a language contains commands, because no test would run them', () => {
    const looksTyped =
      /^(\$ |npm |npx |node |curl |docker |git |jq |cp |kubectl |mcp-gateway |sha256sum |[A-Z_]+=\S+ n)/m;
    const found = blocks.flatMap(({ plain }) => plain).filter(({ text }) => looksTyped.test(text));
    expect(found.map(({ file, line }) => `${file}:${line}`)).toEqual([]);
  });

  test('each npm script that the docs name exists', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const named = pages.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/npm run (?:-s )?([a-z][\w:-]*)/g)].map(([, name = '']) => name),
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe('Typed in a terminal beside a running gateway', () => {
  let gateway: Gateway;
  let terminal: Terminal;
  let revoked = false;
  beforeAll(async () => {
    // Use the bundled servers instead of the tests' own.
    gateway = await startGateway({ SERVERS_FILE: '' });
    terminal = newTerminal(gateway);
    await prepare(gateway, terminal.folder);
  });
  afterAll(async () => {
    terminal?.remove();
    await gateway?.stop();
  });

  describe.each(blocks.filter((page) => page.commands.some(isHere)).map(({ file }) => file))('%s', (file) => {
    const typed = commands.filter((command) => command.file === file && isHere(command));
    let outcomes: Typed[];
    beforeAll(async () => {
      // Log in again for each page: some revoke alice's sessions, with every session of the same second.
      if (revoked) await sleep(1_000);
      revoked = typed.some(({ command }) => command.includes('revoke'));
      const session = await gateway.sessionCookie('alice');
      await identityAccepted(gateway, session);
      terminal.logIn(session);
      outcomes = await terminal.type(typed.map(({ command }) => command));
    });

    test.each(typed.map((command, index) => [command.line, first(command), command, index] as const))(
      'line %i: %s',
      (_line, _first, command, index) => {
        const { code, shown } = outcomes[index] as Typed;
        const how = rowOf(command)?.how;
        if (how?.run !== 'here') throw new Error('another test runs this command');
        expect({ shown, code }).toEqual({ shown, code: how.code });
        if (how.shows === 'as the page')
          expect(asOnPage(shown, terminal.folder)).toMatch(pattern(command.output ?? ''));
        else expect(shown).toMatch(how.shows ?? /^/);
      },
    );
  });
});

/** Waits until the registry knows the signing key: one page deletes it, and jose fetches keys at most every 30 seconds. */
async function identityAccepted({ url }: Gateway, cookie: string): Promise<void> {
  for (let tries = 0; tries < 80; tries++) {
    if ((await fetch(`${url}/api/me`, { headers: { cookie } })).ok) return;
    await sleep(500);
  }
  throw new Error('the registry accepts no identity');
}

/** The names of the tests in these files. */
function namesIn(files: string): string[] {
  return globSync(files).flatMap((file) => [...testNames(readFileSync(file, 'utf8'))]);
}

/** What the pages assume: checked servers, a log, a commit, and a policy changed since that commit. */
async function prepare({ url, log, agentToken }: Gateway, folder: string): Promise<void> {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=x', '-c', 'user.email=x@x', ...args]);
  git('init', '-q');
  git('add', 'scopes.yml');
  git('commit', '-q', '-m', 'The policy as it is shipped');
  const policy = readFileSync('scopes.yml', 'utf8');
  const rule = '  - { server: currenttime, methods: [tools/call], tools: [current_time_by_timezone] }';
  writeFileSync(
    join(folder, 'scopes.yml'),
    policy.replace(/^mcp-servers-restricted\/read:$/m, (line) => `${line}\n${rule}`),
  );
  const known = { authorization: `Bearer ${await agentToken()}` };
  for (let tries = 0; tries < 600; tries++) {
    const servers = await fetch(`${url}/api/servers`, { headers: known }).then((answer) => answer.text());
    if ((servers.match(/"status":"healthy"/g) ?? []).length === 4) break;
    await sleep(500);
  }
  const authorization = `Bearer ${await agentToken('reader')}`;
  const mcp = { authorization, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const params = { name: 'current_time_by_timezone' };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  await fetch(`${url}/currenttime/mcp`, { method: 'POST', headers: mcp, body });
  await sleep(500);
  const ours = log
    .filter((line) => line.startsWith('auth-server | {'))
    .map((line) => line.slice('auth-server | '.length));
  writeFileSync(join(folder, 'auth-server.log'), `${ours.join('\n')}\n`);
}

/** What differs from machine to machine. */
function asOnPage(shown: string, folder: string): string {
  return shown
    .replaceAll(folder, '/srv/gateway')
    .replaceAll(join(import.meta.dirname, '../..'), '/srv/gateway')
    .replace(/version [0-9a-f]{12}/g, 'version 84ec32947615')
    .trimEnd();
}

/** The page's output as a pattern; a line of dots matches any further output. */
function pattern(output: string): RegExp {
  const escaped = output.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/^ *\\\.\\\.\\\.$/gm, '[\\s\\S]*');
  return new RegExp(`^${escaped}$`);
}
