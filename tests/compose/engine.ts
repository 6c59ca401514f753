import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { copyFiles } from '../support/copy-files.ts';

const root = join(import.meta.dirname, '../..');
const transcript = join(root, 'reports', 'compose.log');

/** The command for Compose v2 or 1.29 on this machine; undefined if no Docker engine answers. */
export function composeCommand(): readonly [string, ...string[]] | undefined {
  const works = (command: string, ...args: string[]) => {
    try {
      execFileSync(command, args, { stdio: 'ignore', timeout: 20_000 });
      return true;
    } catch {
      return false;
    }
  };
  if (!works('docker', 'info')) return undefined;
  if (works('docker', 'compose', 'version')) return ['docker', 'compose'];
  return works('docker-compose', 'version') ? ['docker-compose'] : undefined;
}

/** A clean checkout in its own folder, with Compose. */
export interface Project {
  folder: string;
  /** Runs `docker compose …` there; returns its standard output. Everything goes into reports/compose.log too. */
  compose(args: string | readonly string[], input?: Buffer): Promise<Buffer>;
  /** Runs `docker …`. */
  docker(...args: string[]): string;
  /** Runs a command in the container of a service like `docker compose exec -T`, but much faster. */
  exec(service: string, ...words: string[]): Promise<Buffer>;
  /** The container of a service, from `docker inspect`. */
  inspect(service: string): Container;
  /** Sets `name=value` in .env and replaces an existing line. */
  set(name: string, value: string): void;
  /** Writes into reports/compose.log. */
  note(text: string): void;
  remove(): void;
}

/** The fields of a container that the tests read. */
interface Container {
  Id: string;
  RestartCount: number;
  State: { Running: boolean; Pid: number; Health?: { Status: string } };
  Config: { User: string };
  HostConfig: {
    ReadonlyRootfs: boolean;
    Memory: number;
    PidsLimit: number;
    CapDrop: string[] | null;
    CapAdd: string[] | null;
    SecurityOpt: string[] | null;
    RestartPolicy: { Name: string };
    LogConfig: { Config: Record<string, string> };
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]> | null;
  };
}

/** Copies all files that git tracks or would add to a folder with the project's name. */
export function newProject(command: readonly [string, ...string[]]): Project {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-compose-'));
  // Use git's file modes: user 1000 in the containers must be able to read scopes.yml.
  chmodSync(folder, 0o755);
  copyFiles(folder);
  copyFileSync(join(folder, '.env.example'), join(folder, '.env'));
  mkdirSync(dirname(transcript), { recursive: true });
  const started = performance.now();
  const note = (text: string) => appendFileSync(transcript, text);
  note(`\n# ${new Date().toISOString()} a clean checkout: cp .env.example .env\n`);
  const seconds = () => Math.round((performance.now() - started) / 1000);
  const [program, ...first] = command;
  const compose = (args: string | readonly string[], input?: Buffer) => {
    const words = typeof args === 'string' ? args.split(' ') : args;
    note(`\n[${seconds()} s] $ docker compose ${words.join(' ')}\n`);
    return run(program, [...first, ...words], { folder, input, note });
  };
  const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8', maxBuffer: 64_000_000 });
  const idOf = (service: string) => {
    const labels = { project: basename(folder).toLowerCase(), service, oneoff: 'False' };
    const filters = Object.entries(labels).flatMap(([name, value]) => [
      '--filter',
      `label=com.docker.compose.${name}=${value}`,
    ]);
    const id = docker('ps', '-aq', ...filters).trim();
    if (!/^\w+$/.test(id)) throw new Error(`${service} does not have exactly one container: "${id}"`);
    return id;
  };
  return {
    folder,
    compose,
    docker,
    exec(service, ...words) {
      note(`\n[${seconds()} s] $ docker compose exec -T ${service} ${words.join(' ')}\n`);
      return run('docker', ['exec', idOf(service), ...words], { folder, note });
    },
    inspect: (service) => JSON.parse(docker('inspect', idOf(service)))[0] as Container,
    set(name, value) {
      const file = join(folder, '.env');
      const text = readFileSync(file, 'utf8');
      const line = new RegExp(`^(# )?${name}=.*$`, 'm');
      writeFileSync(file, line.test(text) ? text.replace(line, `${name}=${value}`) : `${text}${name}=${value}\n`);
    },
    note,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

interface Run {
  folder: string;
  input?: Buffer | undefined;
  note: (text: string) => void;
}

function run(program: string, args: string[], { folder, input, note }: Run): Promise<Buffer> {
  const child = spawn(program, args, { cwd: folder });
  const out: Buffer[] = [];
  let all = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out.push(chunk);
    all += chunk.includes(0) ? `(${chunk.length} bytes)\n` : chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    all += text;
  });
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      note(all);
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}:\n${all.slice(-4_000)}`));
    });
  });
}

/** `preferred`, or another port if that one is taken. */
export async function portNear(preferred: number): Promise<number> {
  for (let port = preferred; port < preferred + 200; port++) {
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error(`no free port near ${preferred}`);
}
