import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import * as z from 'zod';
import { textOf } from '../../../common/files/text-of.ts';
import { parseYaml } from '../../../common/files/yaml-file.ts';
import { ConfigError } from '../../../common/text/config-error.ts';
import type { ServerSettings } from '../../../registry/servers/server.ts';
import { registration } from '../../../registry/servers/server-input.ts';
import { CommandError, exitCodes } from '../../lib/failure.ts';

/** A server or set as a file wants it. */
export interface Wanted {
  file: string;
  settings: ServerSettings;
  /** Whether the file says `enabled`. If not, it stays as it is. */
  saysEnabled: boolean;
}

const extensions = new Set(['.yml', '.yaml', '.json']);
const mostFiles = 1_000;
const mostBytes = 1_048_576;
const mostServers = 1_000;

const list = z.array(registration, 'must be a list of servers').max(mostServers);
/** A list as in `registry/servers.yml`, or one server alone. */
const content = z.unknown().transform((value, ctx) => {
  if (isOtherFormat(value)) {
    ctx.addIssue({ code: 'custom', message: 'has another format: register it with the command import' });
    return z.NEVER;
  }
  const read = list.safeParse(Array.isArray(value) ? value : [value]);
  if (read.success)
    return read.data.map((settings, i) => ({
      settings,
      saysEnabled: saysEnabled(Array.isArray(value) ? value[i] : value),
    }));
  for (const { path, message } of read.error.issues)
    ctx.addIssue({ code: 'custom', path: Array.isArray(value) ? path : path.slice(1), message });
  return z.NEVER;
});

/**
 * Reads the servers of files, and of all files in folders: YAML or JSON. Of a folder, files in it count, in the order of their
 * names, and no folders in it.
 * @throws {CommandError} failed, with every fault of every file; a server that two files name is one
 */
export async function readWanted(paths: readonly string[]): Promise<Wanted[]> {
  const files = (await Promise.all(paths.map(filesAt))).flat();
  if (files.length > mostFiles) throw wrong([`${files.length} files are too many: ${mostFiles} at most`]);
  const faults: string[] = [];
  const wanted: Wanted[] = [];
  for (const file of new Set(files))
    try {
      for (const each of parseYaml(await textIn(file), content, { subject: file })) wanted.push({ file, ...each });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.push(...error.faults.map((fault) => `${file}: ${fault}`));
    }
  const twice = [...Map.groupBy(wanted, ({ settings }) => settings.name)].filter(([, all]) => all.length > 1);
  for (const [name, all] of twice)
    faults.push(`"${name}" is there twice: in ${all.map(({ file }) => file).join(' and ')}`);
  if (wanted.length > mostServers) faults.push(`${wanted.length} servers are too many: ${mostServers} at most`);
  if (faults.length > 0) throw wrong(faults);
  return wanted;
}

/** The formats of the command `import`: a server.json or a page of them, a file of the Python original, a client's configuration. */
function isOtherFormat(value: unknown): boolean {
  const [first] = Array.isArray(value) ? value : [value];
  const keys = ['$schema', 'remotes', 'packages', 'servers', 'server', 'server_name', 'mcpServers'];
  return typeof first === 'object' && first !== null && keys.some((key) => key in first);
}

function saysEnabled(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'enabled' in value;
}

async function filesAt(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw wrong([`${path} cannot be read (${cause.code ?? 'unknown'})`], cause);
  });
  if (!found.isDirectory()) return [path];
  const names = await readdir(path);
  return names
    .filter((name) => extensions.has(extname(name)) && !name.startsWith('.'))
    .sort()
    .map((name) => join(path, name));
}

async function textIn(file: string): Promise<string> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw wrong([`${file} cannot be read (${cause.code ?? 'unknown'})`], cause);
  });
  if (bytes.length > mostBytes) throw wrong([`${file} has more than ${mostBytes} bytes`]);
  return textOf(bytes);
}

function wrong(faults: readonly string[], cause?: unknown): CommandError {
  return new CommandError(
    exitCodes.failed,
    `The files cannot be applied:\n${faults.map((each) => `  ${each}`).join('\n')}`,
    {
      hints: ['Nothing was changed.'],
      cause,
    },
  );
}
