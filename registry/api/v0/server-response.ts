import type { CatalogueEntry } from '../../access/catalogue.ts';
import { officialKey, type ServerResponse, serverJsonSchema } from './schemas.ts';

/** For a server without a version, or with one that does not fit into a URL. */
const unknownVersion = '1.0.0';
const longestDescription = 100;
const sources: Readonly<Record<string, string>> = {
  'github.com': 'github',
  'gitlab.com': 'gitlab',
  'bitbucket.org': 'bitbucket',
};

/**
 * A server as the MCP registry API describes it: a `server.json` of 2025-12-11 whose `remotes` are the gateway's.
 * @param registeredAt when it was registered, if known
 */
export function toServerResponse(
  entry: CatalogueEntry,
  namespace: string,
  registeredAt: Date = entry.updatedAt,
): ServerResponse {
  const { name, title, description, repository, icons, endpoints, enabled, health, tags, license, updatedAt, account } =
    entry;
  return {
    server: {
      $schema: serverJsonSchema,
      name: listedName(namespace, entry),
      title,
      description: shorten(description),
      version: versionOf(entry),
      ...(repository && { repository: { url: repository, source: sourceOf(repository) } }),
      ...(icons.length > 0 && { icons }),
      remotes: endpoints.map(({ transport, url }) => ({ type: transport, url })),
    },
    _meta: {
      [officialKey]: {
        status: enabled ? 'active' : 'deprecated',
        ...(!enabled && { statusMessage: 'Disabled at this gateway: calls return 404 until it is enabled.' }),
        publishedAt: registeredAt.toISOString(),
        updatedAt: updatedAt.toISOString(),
        isLatest: true,
      },
      [`${namespace}/gateway`]: {
        ...{ name, enabled, health: health.status, tags, license },
        ...(account && { account: account.url }),
      },
    } as ServerResponse['_meta'],
  };
}

/** The server's version, if it fits into a URL and is neither a range nor the reserved word `latest`. */
export function versionOf({ version }: { version: string | null }): string {
  return version !== null && /^[0-9A-Za-z][0-9A-Za-z.+_-]*$/.test(version) && version.toLowerCase() !== 'latest'
    ? version
    : unknownVersion;
}

/** Cuts a text between words if possible. Counts code points, like JSON Schema. */
function shorten(text: string): string {
  const letters = [...text];
  if (letters.length <= longestDescription) return text;
  const cut = letters.slice(0, longestDescription - 1).join('');
  const space = cut.lastIndexOf(' ');
  return `${(space > longestDescription / 2 ? cut.slice(0, space) : cut).trimEnd()}…`;
}

function sourceOf(url: string): string {
  const { hostname } = new URL(url);
  return sources[hostname.replace(/^www\./, '')] ?? hostname;
}

/**
 * The namespace of this gateway in the MCP registry API: its public host, reversed (`mcp.example.com` → `com.example.mcp`).
 * The owner of the host owns these names. The port is left out.
 * @param publicUrl the gateway's origin
 */
export function namespaceOf(publicUrl: string): string {
  const host = new URL(publicUrl).hostname.replace(/[^a-zA-Z0-9.-]/g, '-');
  return host.split('.').reverse().join('.').slice(0, longestNamespace);
}

/** A name has at most 200 characters, and 63 of them are for the server's name here. */
const longestNamespace = 136;

/**
 * The name of a server in the MCP registry API: its published name, or the gateway's namespace with its name here. An alias
 * in the gateway's own namespace is ignored: it could be the name of another server.
 */
export function listedName(namespace: string, { name, alias }: { name: string; alias: string | null }): string {
  return alias !== null && !alias.startsWith(`${namespace}/`) ? alias : `${namespace}/${name}`;
}
