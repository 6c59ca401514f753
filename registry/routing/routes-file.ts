import { join } from 'node:path';
import { replaceFile } from '../../common/files/replace-file.ts';
import { serverNameForm } from '../../policy/names.ts';
import { endpointPath, routeHost } from '../servers/names.ts';
import type { ServerEntry } from '../servers/server.ts';

const [host, path] = [routeHost, endpointPath].map(({ source }) => source.slice(1, -1));
const address = '(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[[0-9a-f:]+\\]):\\d{1,5}';

/**
 * One line of the routes file: `name scheme host addresses mcp-path sse-path secret`, separated by single spaces. The
 * secret is a name from UPSTREAM_SECRETS_FILE, or a hyphen.
 * nginx's configuration is built from these fields, so no character with a meaning to nginx or the shell may pass.
 */
export const routeLine = new RegExp(
  `^${serverNameForm} https? ${host} ${address}(?:,${address})* (?:-|${path}) (?:-|${path}) (?:-|${serverNameForm})$`,
);

/**
 * Returns the line of a server, for nginx's route builder.
 * @param addresses its resolved addresses as `ip:port`, IPv6 in brackets; at least one
 * @throws {RangeError} if a field does not match {@link routeLine}
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
 * Writes `<folder>/routes` atomically: readers see the old lines or the new ones.
 * @returns whether the file changed
 * @throws if the folder cannot be written
 */
export function writeRoutes(folder: string, lines: readonly string[]): Promise<boolean> {
  return replaceFile(join(folder, 'routes'), lines.map((line) => `${line}\n`).join(''));
}
