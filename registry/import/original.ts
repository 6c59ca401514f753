import * as z from 'zod';
import type { ServerEntry } from '../servers/server.ts';

const text = z.string().optional();
const list = z
  .union([z.array(z.string()), z.string().transform((value) => value.split(','))])
  .transform((tags) => tags.map((tag) => tag.trim()).filter(Boolean))
  .optional();

/**
 * A server file of the Python original, as far as it means something here. `num_tools`, `tool_list`, `num_stars` and
 * `is_python` are not read: what tools there are, the server is asked.
 */
export const originalServer = z.looseObject({
  server_name: z.string('must be text').min(1, 'must not be empty'),
  path: z.string('must be a path such as /currenttime'),
  proxy_pass_url: z.string('must be a URL'),
  description: text.nullable(),
  tags: list,
  license: text.nullable(),
  supported_transports: list,
  mcp_endpoint: text.nullable(),
  sse_endpoint: text.nullable(),
  auth_type: text.nullable(),
  auth_scheme: text.nullable(),
});

export type OriginalServer = z.output<typeof originalServer>;

/** The server's name here: the path of the original without its slashes. */
export function nameOfPath(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}

/**
 * Where a server runs, as the original says it: `proxy_pass_url` with the paths that its gateway added (`mcp`, `sse`), unless
 * it ends with one of them or `mcp_endpoint` or `sse_endpoint` says otherwise.
 * @returns settings of ours, to be checked like all input; `upstream` stays as it was sent where it is no URL
 */
export function locationOf(
  server: Pick<OriginalServer, 'proxy_pass_url' | 'supported_transports' | 'mcp_endpoint' | 'sse_endpoint'>,
) {
  const url = URL.parse(server.proxy_pass_url.trim());
  if (!url || url.search || url.hash || url.username || url.password)
    return { upstream: server.proxy_pass_url, transports: {} };
  const path = url.pathname.replace(/\/+$/, '');
  const base = path.replace(/\/(?:mcp|sse)$/, '');
  const wanted = server.supported_transports?.map((name) => name.toLowerCase()) ?? [];
  const sse = path.endsWith('/sse') || wanted.includes('sse') || Boolean(server.sse_endpoint);
  const mcp = !sse || path.endsWith('/mcp') || wanted.includes('streamable-http') || Boolean(server.mcp_endpoint);
  const at = (endpoint: string | null | undefined, usual: string) =>
    endpoint ? (URL.parse(endpoint, url)?.pathname ?? endpoint) : `${base}/${usual}`;
  return {
    upstream: url.origin,
    transports: {
      ...(mcp && { 'streamable-http': at(server.mcp_endpoint, 'mcp') }),
      ...(sse && { sse: at(server.sse_endpoint, 'sse') }),
    },
  };
}

/** The same the other way round: what the original would have as `proxy_pass_url`. */
export function proxyPassUrl({ upstream, transports }: Pick<ServerEntry, 'upstream' | 'transports'>): string {
  const path = transports['streamable-http'] ?? transports.sse ?? '/mcp';
  return `${upstream}${path.endsWith('/mcp') ? path.slice(0, -'mcp'.length) : path}`;
}

/** A server of the original as input for a registration here. Text is not cut: what does not fit is refused and named. */
export function fromOriginal(server: OriginalServer) {
  const { server_name: title, path, description, tags = [], license } = server;
  return {
    name: nameOfPath(path),
    title,
    description: description?.trim() || title,
    ...locationOf(server),
    tags: [...new Set(tags)],
    license: licenseOf(license),
  };
}

/** The original writes N/A for none. */
export function licenseOf(license: string | null | undefined): string | null {
  const name = license?.trim();
  return !name || name.toUpperCase() === 'N/A' ? null : name;
}
