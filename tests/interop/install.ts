import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const installMilliseconds = 30 * 60_000;

/** What a set-up needs. Each gets a folder of its own, because some need versions that others cannot have beside them. */
export interface Packages {
  registry: 'npm' | 'PyPI' | 'Go';
  /** As the installer of the registry takes them: `name@1.2.3`, `name==1.2.3`, `module/program@v1.2.3`. */
  specs: readonly string[];
  /** The files, in this folder, of a program of ours that needs them. They are copied beside the packages. */
  program?: readonly string[];
}

/** Why a set-up cannot run here: a language is missing, or a registry does not answer. */
export class NotInstalled extends Error {}

const isOfThisRun = (name: string) => name.startsWith('npm_') && name !== 'npm_config_registry';

/** Environment of every installer and program: this Node, and nothing that npm set for this run. */
export const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfThisRun(name))),
  PYTHONDONTWRITEBYTECODE: '1',
  PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
};

/**
 * Installs packages into a folder of the cache, unless they are there already.
 * @returns the folder of their programs
 * @throws {@link NotInstalled} with what the installer says first
 */
export async function install({ registry, specs, program = [] }: Packages, cache: string): Promise<string> {
  const last = specs[0]?.split('/').at(-1) ?? '';
  const folder = join(
    cache,
    registry,
    `${last.replace(/[^\w.-]+/g, '-')}-${hash('sha256', specs.join(' ')).slice(0, 8)}`,
  );
  const programs = join(folder, registry === 'npm' ? 'node_modules/.bin' : 'bin');
  // The text of our own program belongs to what was installed: a changed one is built again.
  const sources = program.map(
    (file) => [basename(file), readFileSync(join(import.meta.dirname, file), 'utf8')] as const,
  );
  const source = sources.map(([, text]) => text).join('');
  const done = join(folder, 'installed');
  if (existsSync(done) && readFileSync(done, 'utf8') === source) return programs;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    for (const [name, text] of sources) writeFileSync(join(folder, name), text);
    if (registry === 'npm') await withNpm(folder, specs);
    else if (registry === 'PyPI') await withPip(folder, specs);
    else if (program.length === 0) await withGo(folder, specs);
    else await buildGo(folder, specs);
  } catch (error) {
    throw new NotInstalled(reasonOf(error as NodeJS.ErrnoException & { stderr?: string; path?: string }));
  }
  writeFileSync(`${done}.new`, source);
  renameSync(`${done}.new`, done);
  return programs;
}

function command(file: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
  return run(file, args, { cwd, env: { ...environment, ...env }, timeout: installMilliseconds, maxBuffer: 1e8 });
}

async function withNpm(folder: string, specs: readonly string[]): Promise<void> {
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  await command('npm', ['install', '--no-audit', '--no-fund', '--no-progress', ...specs], folder);
}

async function withPip(folder: string, specs: readonly string[]): Promise<void> {
  await command('python3', ['-m', 'venv', folder], folder);
  await command(join(folder, 'bin', 'pip'), ['install', '-q', '--disable-pip-version-check', ...specs], folder);
}

async function withGo(folder: string, specs: readonly string[]): Promise<void> {
  for (const spec of specs) await command('go', ['install', spec], folder, { GOBIN: join(folder, 'bin') });
}

async function buildGo(folder: string, specs: readonly string[]): Promise<void> {
  await command('go', ['mod', 'init', 'interop'], folder);
  await command('go', ['get', ...specs], folder);
  await command('go', ['mod', 'tidy'], folder);
  await command('go', ['build', '-o', join(folder, 'bin', 'program'), '.'], folder);
}

function reasonOf(error: NodeJS.ErrnoException & { stderr?: string; path?: string; killed?: boolean }): string {
  if (error.code === 'ENOENT') return `${error.path ?? 'the installer'} is not installed`;
  if (error.killed) return 'the installer did not end in time';
  const lines = (error.stderr ?? error.message).trim().split('\n');
  return (lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').slice(0, 200);
}
