import * as z from 'zod';
import { parseJson } from '../../../common/text/json.ts';
import { isCovered } from '../../../common/upstream-secrets/server-address.ts';
import { ProviderFault } from './fault.ts';
import { isSameUrl } from './metadata.ts';
import type { Ask } from './outside.ts';

const document = z.object({ resource: z.string(), authorization_servers: z.array(z.string()).max(20).optional() });

/**
 * Reads a server's own document about its provider (RFC 9728 section 3). It may only confirm what the operator's entry says: a
 * server that could choose the provider would get tokens of any.
 * @param resource the server's MCP address
 * @throws {ProviderFault} unusable if the document contradicts
 */
export async function confirmIssuer(resource: string, issuer: string, ask: Ask): Promise<void> {
  for (const place of placesOf(resource)) {
    const answer = await ask(place, { headers: { accept: 'application/json' } }).catch(() => undefined);
    if (answer?.status !== 200) continue;
    const said = document.safeParse(parseJson(await answer.text()));
    // A page for every path is no document.
    if (!said.success) continue;
    const { resource: named, authorization_servers: servers } = said.data;
    if (!isAbout(named, resource)) throw contradiction('is about another address than the server has here');
    if (servers && !servers.some((server) => isSameUrl(server, issuer)))
      throw contradiction('names another provider than the issuer of the entry in UPSTREAM_SECRETS_FILE');
    return;
  }
}

function placesOf(resource: string): string[] {
  const { origin, pathname } = new URL(resource);
  const known = '/.well-known/oauth-protected-resource';
  return [...new Set([`${origin}${known}${pathname === '/' ? '' : pathname}`, `${origin}${known}`])];
}

/** A document may be about the address or about all below a part of it. */
function isAbout(named: string, resource: string): boolean {
  const url = URL.parse(named);
  return url !== null && (isSameUrl(named, resource) || isCovered([url.origin + url.pathname], resource));
}

function contradiction(what: string): ProviderFault {
  return new ProviderFault('unusable', `the server's own document (oauth-protected-resource) ${what}`);
}
