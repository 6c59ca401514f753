import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { serverNameForm } from '../../policy/names.ts';
import { endpointPath, routeHost } from '../servers/names.ts';
import type { ServerEntry } from '../servers/server.ts';

const [host, path] = [routeHost, endpointPath].map(({ source }) => source.slice(1, -1));
const address = '(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[[0-9a-f:]+\\]):\\d{1,5}';

/**
 * One line of the routes file: `name scheme host addresses mcp-path sse-path secret`, one space between. The secret is the
 * name of one in UPSTREAM_SECRETS_FILE, or a hyphen.
 * nginx's configuration is built from these fields, so nothing that means something to nginx or to the shell may pass.
 */
export const routeLine = new RegExp(
  `^${serverNameForm} https? ${host} ${address}(?:,${address})* (?:-|${path}) (?:-|${path}) (?:-|${serverNameForm})$`,
);

/**
 * A server as the data line that nginx's route builder reads.
 * @param addresses where its host was found, as `ip:port`, IPv6 in brackets; at least one
 * @throws {RangeError} when a field holds anything that {@link routeLine} does not allow
 */
export function toRouteLine(server: ServerEntry, addresses: readonly string[]): string {
  const url = new URL(server.upstream);
  const { 'streamable-http': mcp = '-', sse = '-' } = server.transports;
  const scheme = url.protocol.slice(0, -1);
  const line = [server.name, scheme, url.host, addresses.join(','), mcp, sse, server.auth?.secret ?? '-'].join(' ');
  if (!routeLine.test(line)) throw new RangeError(`server ${JSON.stringify(server.name)} cannot be written as a route`);
  return line;
}

/**
 * Writes `<folder>/routes` in one step, so that its reader sees the old lines or the new ones and never a part.
 * @returns whether the file changed
 * @throws when the folder cannot be written
 */
export async function writeRoutes(folder: string, lines: readonly string[]): Promise<boolean> {
  const path = join(folder, 'routes');
  const text = lines.map((line) => `${line}\n`).join('');
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return false;
  await mkdir(folder, { recursive: true });
  // Several registries may write the same folder: a draft that two share could be half of each.
  const draft = `${path}.${hostname()}-${process.pid}`;
  await writeThrough(draft, text);
  await rename(draft, path);
  // Without this the rename itself may be lost in a power cut.
  const directory = await open(folder);
  await directory.sync().finally(() => directory.close());
  return true;
}

async function writeThrough(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
