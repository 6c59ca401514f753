import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Home } from './here.ts';
import { argumentsFor, name } from './lines.ts';
import type { LoggedIn } from './login-set-up.ts';
import { runProgram } from './program.ts';

const longestMilliseconds = 90_000;

/** Runs a command as a person types it: in a terminal, unless `plain`. Rejects with what it says if it fails. */
function type(words: readonly string[], home: Home, plain = false): Promise<string> {
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const [file, ...args] = plain ? words : ['script', '-qec', quoted, '/dev/null'];
  const options = { env: home.env, cwd: home.folder, timeout: longestMilliseconds, maxBuffer: 1e8 };
  return new Promise((resolve, reject) => {
    const child = execFile(file ?? '', args, options, (error, stdout, stderr) => {
      const text = stripVTControlCharacters(`${stdout}${plain && error ? stderr : ''}`).replace(/\r/g, '');
      if (error) reject(new Error(text.trim().slice(-2_000) || error.message));
      else resolve(text);
    });
    child.stdin?.end();
  });
}

/** The client reaches the server, or says why not. */
function reached(text: string, good: RegExp): undefined {
  if (!good.test(text)) throw new Error(text.trim().slice(-2_000));
}

const noProgram = () => undefined;

async function claude(programs: string, url: string, home: Home): Promise<LoggedIn> {
  const at = `${programs}/claude`;
  const [add = [], login = []] = argumentsFor('claude-code', url);
  await type([at, ...add], home, true);
  await type([at, ...login], home);
  return {
    tools: async () => reached(await type([at, 'mcp', 'list'], home, true), /✔ Connected|✓ Connected/),
    stop: noProgram,
  };
}

async function codex(programs: string, url: string, home: Home): Promise<LoggedIn> {
  const at = `${programs}/codex`;
  mkdirSync(join(home.folder, '.codex'), { recursive: true });
  writeFileSync(join(home.folder, '.codex', 'config.toml'), 'mcp_oauth_credentials_store = "file"\n');
  const [add = []] = argumentsFor('codex', url);
  await type([at, ...add], home, true);
  return await runProgram(['node', join(import.meta.dirname, 'programs', 'codex.ts'), url, at, name], home);
}

async function opencode(programs: string, url: string, home: Home): Promise<LoggedIn> {
  const at = `${programs}/opencode`;
  const [add = [], login = []] = argumentsFor('opencode', url);
  await type([at, ...add], home, true);
  await type([at, ...login], home);
  return {
    tools: async () =>
      reached(await type([at, 'mcp', 'list'], home, true), new RegExp(`✓.*${name}|${name}.*connected`)),
    stop: noProgram,
  };
}

async function inspector(programs: string, url: string, home: Home): Promise<LoggedIn> {
  const [list = []] = argumentsFor('inspector', url, 2);
  const inspect = async (method: string, ...more: string[]) =>
    type([`${programs}/mcp-inspector`, ...list.slice(0, -1), method, ...more], home, true);
  const jsonOf = (text: string) =>
    JSON.parse(text.slice(text.indexOf('{'))) as Record<string, { [key: string]: string }[]>;
  await inspect('tools/list');
  return {
    tools: async () => (jsonOf(await inspect('tools/list')).tools ?? []).map((tool) => String(tool.name)),
    call: async (tool, args) => {
      const given = Object.entries(args).flatMap(([key, value]) => ['--tool-arg', `${key}=${value}`]);
      const { content = [] } = jsonOf(await inspect('tools/call', '--tool-name', tool, ...given));
      return content.map(({ text }) => text).join('');
    },
    stop: noProgram,
  };
}

/** Clients that are driven by their own command lines. */
export const typed = { claude, codex, opencode, inspector };
