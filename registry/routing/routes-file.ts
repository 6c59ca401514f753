import { join } from 'node:path';
import { replaceFile } from '../../common/files/replace-file.ts';
import { headerNameForm, usualCredentialHeaders } from '../../common/upstream-secrets/credential-header.ts';
import { longestAddress } from '../../common/upstream-secrets/server-address.ts';
import { isServerName, serverNameForm } from '../../policy/names.ts';
import { forwardedHeaders, mostForwardedHeaders } from '../servers/header-names.ts';
import { endpointPath, routeHost } from '../servers/names.ts';
import { accountOf, addressOf, type ServerEntry, secretOf } from '../servers/server.ts';

const [host, path] = [routeHost, endpointPath].map(({ source }) => source.slice(1, -1));
const headers = `${headerNameForm}(?:,${headerNameForm}){0,${mostForwardedHeaders - 1}}`;
const address = '(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[[0-9a-f:]+\\]):\\d{1,5}';

/**
 * One line of the routes file: `name scheme host addresses mcp-path sse-path secret`, separated by single spaces. The
 * secret is a name from UPSTREAM_SECRETS_FILE, or a hyphen. `=` and names of headers follow it if it is sent in others than
 * `Authorization` and `X-API-Key`. For each person's own account it is `account:` and the name of its entry. An eighth field, if there is one, names the headers that the server gets as its callers
 * send them, or is a hyphen; a ninth one is the Host header that it gets.
 * A set has the line `name set`: the hub serves it.
 * nginx's configuration is built from these fields, so no character with a meaning to nginx or the shell may pass.
 */
export const routeLine = new RegExp(
  `^${serverNameForm} (?:set|https? ${host} ${address}(?:,${address})* (?:-|${path}) (?:-|${path}) (?:-|account:${serverNameForm}|${serverNameForm}(?:=${headers})?)(?: (?:-|${headers})(?: ${host})?)?)$`,
);

/**
 * Returns the line of a server, for nginx's route builder.
 * @param addresses its resolved addresses as `ip:port`, IPv6 in brackets; at least one
 * @param ofTools names of the headers that callers of its tools send
 * @param ofSecret names of the headers that its secret is sent in
 * @throws {RangeError} if a field does not match {@link routeLine}
 */
export function toRouteLine(
  server: ServerEntry,
  addresses: readonly string[],
  ofTools: readonly string[] = [],
  ofSecret: readonly string[] = [],
): string {
  const url = new URL(server.upstream);
  const { 'streamable-http': mcp = '-', sse = '-' } = server.transports;
  const scheme = url.protocol.slice(0, -1);
  const own = new Set(ofSecret.map((name) => name.toLowerCase()));
  // The gateway's credential, never a value of the caller's under the same name.
  const forwarded = forwardedHeaders(server.forward_headers ?? [], ofTools).filter(
    (name) => !own.has(name.toLowerCase()),
  );
  const headers = forwarded.join(',');
  const named = ofSecret.filter((name) => !usualCredentialHeaders.some((usual) => usual === name)).join(',');
  const account = accountOf(server);
  const secret =
    account === undefined ? [secretOf(server) ?? '-', ...(named ? [named] : [])].join('=') : `account:${account}`;
  if (server.host_header && server.auth)
    throw new RangeError(`server ${JSON.stringify(server.name)} has a credential and a Host header of its own`);
  if (account !== undefined && addressOf(server).length > longestAddress)
    throw new RangeError(`the address of server ${JSON.stringify(server.name)} is too long for accounts`);
  const last = server.host_header ? [headers || '-', server.host_header] : headers ? [headers] : [];
  const fields = [server.name, scheme, url.host, addresses.join(','), mcp, sse, secret, ...last];
  const line = fields.join(' ');
  // A field with a space would move the ones after it.
  if (fields.some((field) => field.includes(' ')) || !routeLine.test(line) || !isServerName(server.name))
    throw new RangeError(`server ${JSON.stringify(server.name)} cannot be written as a route`);
  return line;
}

/** Returns the line of a set. @throws {RangeError} if no server could have this name */
export function toSetLine(name: string): string {
  if (isServerName(name)) return `${name} set`;
  throw new RangeError(`set ${JSON.stringify(name)} cannot be written as a route`);
}

/**
 * Writes `<folder>/routes` atomically: readers see the old lines or the new ones.
 * @returns whether the file changed
 * @throws if the folder cannot be written
 */
export function writeRoutes(folder: string, lines: readonly string[]): Promise<boolean> {
  return replaceFile(join(folder, 'routes'), lines.map((line) => `${line}\n`).join(''));
}
