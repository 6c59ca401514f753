import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPorts } from '../../launch/services.ts';
import { type Gateway, portsAsSettings } from '../support/gateway/gateway.ts';

const root = join(import.meta.dirname, '..', '..');

export interface Typed {
  code: number;
  shown: string;
}

/** A reader's checkout with a home folder, beside a running gateway. */
export interface Terminal {
  folder: string;
  /** @param session the Cookie header of the person who is logged in */
  logIn(session: string): void;
  /** Types the commands into one shell, one after the other. */
  type(commands: readonly string[]): Promise<Typed[]>;
  remove(): void;
}

/** Files that a checkout has and git does not track. */
const notCheckedOut = new Set(['.git', '.gitignore', '.env', 'data', 'scopes.yml', 'reports']);

export function newTerminal(gateway: Gateway): Terminal {
  const folder = mkdtempSync(join(tmpdir(), 'reader-'));
  const [checkout, home] = [join(folder, 'checkout'), join(folder, 'home')];
  for (const path of [checkout, join(home, '.mcp')]) mkdirSync(path, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(root))
    if (!notCheckedOut.has(name)) symlinkSync(join(root, name), join(checkout, name));
  symlinkSync(gateway.dataDir, join(checkout, 'data'));
  writeFileSync(join(checkout, 'scopes.yml'), readFileSync(join(root, 'scopes.yml')));
  return {
    folder: checkout,
    logIn: (session) =>
      writeFileSync(join(home, '.mcp', 'session_cookie'), session.replace(/^[^=]*=/, ''), { mode: 0o600 }),
    type: (commands) => typeInto(checkout, { ...environment(gateway), HOME: home }, gateway, commands),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Settings that point the commands at the test's ports and folders. */
function environment({ ports, dataDir }: Gateway): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${ports.cognito}`,
    UP_DATA_DIR: dataDir,
    DATA_DIR: dataDir,
    ...portsAsSettings(ports),
    GIT_CONFIG_GLOBAL: '/dev/null',
    NODE_COMPILE_CACHE: join(tmpdir(), 'desk-compile-cache'),
    NO_COLOR: '1',
    TZ: 'UTC',
  };
}

async function typeInto(cwd: string, env: NodeJS.ProcessEnv, { ports }: Gateway, commands: readonly string[]) {
  const found = Object.entries(defaultPorts).map(([name, port]) => [port, ports[name as keyof typeof ports]] as const);
  const actual = new Map<number, number>(found);
  const asHere = (command: string) =>
    command.replace(
      /\b(localhost|127\.0\.0\.1):(\d+)/g,
      (_, host, port) => `${host}:${actual.get(Number(port)) ?? port}`,
    );
  const lines = commands.map((command, index) => `echo '@@ ${index}'\n${asHere(command)}\necho "@@= $?"\n`);
  writeFileSync(join(cwd, '..', 'typed.sh'), `shopt -s expand_aliases\n${lines.join('')}`);
  const shell = spawn('bash', ['../typed.sh'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 150_000 });
  let shown = '';
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
  }
  await once(shell, 'close');
  return commands.map((command, index): Typed => {
    const begin = shown.indexOf(`@@ ${index}\n`);
    const [, text, code] = /^@@ \d+\n([\s\S]*?)@@= (\d+)\n/.exec(begin < 0 ? '' : shown.slice(begin)) ?? [];
    if (text === undefined) throw new Error(`the command did not end: ${command}\n${shown}`);
    return { code: Number(code), shown: text };
  });
}
