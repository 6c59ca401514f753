import { serverNameForm } from '../../policy/names.ts';
import type { OriginalRequest } from '../request/original-request.ts';

/** People also type the address of a server without its endpoint. */
const ofServer = new RegExp(`^/(${serverNameForm})(?:/(?:mcp|sse|messages))?$`);
/** The endpoints of all servers together. */
const ofHub = /^\/(?:mcp|sse|messages)$/;
/** The registry's API; everything else of the registry is a page. */
const ofApi = /^\/(?:api|v0|v0\.1)\//;

/**
 * The audience that a client's `resource` names (RFC 8707): `<publicUrl>/<server>/mcp` for each endpoint of a server,
 * `<publicUrl>/mcp` or `<publicUrl>/api`. Whether there is such a server is not looked at: strangers may ask.
 * @param value in any spelling of the same address: letter case of the host, its standard port, dot segments
 * @returns the one spelling of this gateway; undefined for anything else, such as the bare origin, an address with a query
 *   or a fragment, and one of another origin
 */
export function resourceOf(publicUrl: string, value: string): string | undefined {
  const url = URL.parse(value);
  if (!url || url.origin !== publicUrl || url.username || url.password || /[?#]/.test(value)) return undefined;
  if (url.pathname === '/api') return `${publicUrl}/api`;
  if (ofHub.test(url.pathname)) return `${publicUrl}/mcp`;
  const server = ofServer.exec(url.pathname)?.[1];
  return server === undefined ? undefined : audienceOf(publicUrl, server);
}

/**
 * The audience that an access token needs for a request at the gate.
 * @returns undefined for a page of the registry: no access token opens one
 */
export function resourceOfTarget(publicUrl: string, { target, uri }: OriginalRequest): string | undefined {
  const path = uri.replace(/\?.*/s, '');
  // By the path that was asked, as the gate leads it there under the hub's name.
  if (target.resource === 'mcp' && target.server === 'hub' && ofHub.test(path.replace(/\/$/, '')))
    return `${publicUrl}/mcp`;
  if (target.resource === 'mcp') return audienceOf(publicUrl, target.server);
  // Not where another part of the way could take the path for another one, such as with dot segments.
  const isPlain = URL.parse(path, publicUrl)?.pathname === path;
  return isPlain && ofApi.test(path) ? `${publicUrl}/api` : undefined;
}

function audienceOf(publicUrl: string, server: string): string {
  return `${publicUrl}/${server}/mcp`;
}
