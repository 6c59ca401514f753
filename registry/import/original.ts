import * as z from 'zod';
import type { ServerEntry } from '../servers/server.ts';

const longest = 2_000;
const text = z.string().nullish();
const short = z.string().max(longest, `must have at most ${longest} characters`);
const list = z
  .union([z.array(z.string()), z.string()])
  .transform(tagsIn)
  .optional();

/**
 * A server file of the Python original. `num_tools`, `tool_list`, `num_stars` and `is_python` are not read: the registry asks
 * the server for its tools.
 */
export const originalServer = z.looseObject({
  server_name: z.string('must be text').min(1, 'must not be empty'),
  path: z.string('must be a path such as /currenttime').max(longest),
  proxy_pass_url: z.string('must be a URL').max(longest),
  description: text,
  tags: list,
  license: text,
  supported_transports: list,
  mcp_endpoint: short.nullish(),
  sse_endpoint: short.nullish(),
  auth_type: text,
  auth_scheme: text,
});

export type OriginalServer = z.output<typeof originalServer>;

/** Splits a list such as `time, demo`, and leaves out empty and repeated items. */
export function tagsIn(items: string | readonly string[]): string[] {
  const tags = (typeof items === 'string' ? items.split(',') : items).map((item) => item.trim());
  return [...new Set(tags.filter(Boolean))];
}

/**
 * Where a server runs. The original's gateway adds the paths (`mcp`, `sse`) to `proxy_pass_url`, unless it ends with one of
 * them or `mcp_endpoint` or `sse_endpoint` names another.
 * @returns settings that are not validated yet; `upstream` is returned unchanged if it is no URL
 */
export function locationOf(
  server: Pick<OriginalServer, 'proxy_pass_url' | 'supported_transports' | 'mcp_endpoint' | 'sse_endpoint'>,
) {
  const url = URL.parse(server.proxy_pass_url.trim());
  if (!url || url.hash || url.username || url.password) return { upstream: server.proxy_pass_url, transports: {} };
  const path = withoutEnd(url.pathname);
  const base = path.replace(/\/(?:mcp|sse)$/, '');
  const wanted = server.supported_transports?.map((name) => name.toLowerCase()) ?? [];
  const sse = path.endsWith('/sse') || wanted.includes('sse') || Boolean(server.sse_endpoint);
  const mcp = !sse || path.endsWith('/mcp') || wanted.includes('streamable-http') || Boolean(server.mcp_endpoint);
  const at = (endpoint: string | null | undefined, usual: string) => {
    if (!endpoint) return `${base}/${usual}${url.search}`;
    const own = URL.parse(endpoint, url);
    return own ? own.pathname + own.search : endpoint;
  };
  return {
    upstream: url.origin,
    transports: {
      ...(mcp && { 'streamable-http': at(server.mcp_endpoint, 'mcp') }),
      ...(sse && { sse: at(server.sse_endpoint, 'sse') }),
    },
  };
}

/** A path or URL without slashes at the end. The lookbehind keeps the time linear in a run of slashes. */
export function withoutEnd(path: string): string {
  return path.replace(/(?<!\/)\/+$/, '');
}

/** The reverse of {@link locationOf}: the original's `proxy_pass_url` of a server. */
export function proxyPassUrl({ upstream, transports }: Pick<ServerEntry, 'upstream' | 'transports'>): string {
  const path = transports['streamable-http'] ?? transports.sse ?? '/mcp';
  return `${upstream}${path.replace(/(?<=\/)mcp(?=$|\?)/, '')}`;
}

/** A server of the original as input for a registration. Nothing is shortened: a value that does not fit is rejected. */
export function fromOriginal(server: OriginalServer) {
  const { server_name: title, path, description, tags = [], license } = server;
  return {
    name: withoutEnd(path).replace(/^\/+/, ''),
    title,
    description: description?.trim() || title,
    ...locationOf(server),
    tags,
    license: licenseOf(license),
  };
}

/** The original writes N/A for a missing license. */
export function licenseOf(license: string | null | undefined): string | null {
  const name = license?.trim();
  return !name || name.toUpperCase() === 'N/A' ? null : name;
}
