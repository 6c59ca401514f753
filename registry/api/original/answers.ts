import * as z from 'zod';
import type { CatalogueEntry } from '../../access/catalogue.ts';
import { proxyPassUrl } from '../../import/original.ts';
import type { Health } from '../../servers/server-health.ts';
import type { ToolInfo } from '../../servers/tool.ts';
import type { Answer } from '../shared/answer.ts';

/** A tool as the original lists it. The original splits a description into parts; here `main` has all of it. */
const originalTool = z.strictObject({
  name: z.string(),
  description: z.string(),
  parsed_description: z.strictObject({ main: z.string(), args: z.null(), returns: z.null(), raises: z.null() }),
  schema: z.record(z.string(), z.unknown()),
});

/** A server as the original describes it. */
export const originalDetails = z.strictObject({
  server_name: z.string(),
  description: z.string(),
  path: z.string(),
  proxy_pass_url: z
    .string()
    .describe('Where it runs, if the caller may change it; otherwise its address at the gateway.'),
  tags: z.array(z.string()),
  num_tools: z.int(),
  num_stars: z.literal(0),
  is_python: z.literal(false),
  license: z.string(),
  tool_list: z.array(originalTool),
  is_enabled: z.boolean(),
  health_status: z.string(),
  last_checked_iso: z.string().nullable(),
});

/** The outcome of a check. */
export const originalStatus = z.strictObject({
  message: z.string(),
  service_path: z.string(),
  status: z.string().describe('healthy, checking, disabled, or unhealthy with the reason.'),
  last_checked_iso: z.string().nullable(),
  num_tools: z.int(),
});

/** The outcome of a registration. */
export const originalRegistered = z.strictObject({ message: z.string(), service: originalDetails });
/** The outcome of enabling or disabling a server. */
export const originalToggled = originalStatus.extend({ new_enabled_state: z.boolean() });

const toolOfServer = originalTool.extend({ server_path: z.string(), server_name: z.string() });

/** The tools of one server. */
export const originalTools = z.strictObject({
  service_path: z.string(),
  tools: z.array(originalTool),
  cached: z.literal(true).describe('As the server was last seen. To ask it now, use POST /api/refresh/{path}.'),
});
/** The tools of all servers. */
export const originalAllTools = z.strictObject({
  service_path: z.literal('all'),
  tools: z.array(toolOfServer),
  servers: z.record(z.string(), z.array(toolOfServer)),
});

/** A server as the original describes it. `num_stars` and `is_python` are not stored here. */
export function toOriginalDetails(entry: CatalogueEntry): Answer<typeof originalDetails> {
  const { title, name, description, tags, license, health, enabled, endpoints, location } = entry;
  const [first] = endpoints;
  const { status, ...state } = statusOf(enabled, health);
  return {
    server_name: title,
    description,
    path: pathOf(name),
    proxy_pass_url: location ? proxyPassUrl(location) : (first?.url.replace(/(?<=\/)(?:mcp|sse)$/, '') ?? ''),
    tags,
    num_stars: 0,
    is_python: false,
    license: license ?? 'N/A',
    tool_list: health.tools.map(toOriginalTool),
    is_enabled: enabled,
    health_status: status,
    ...state,
  };
}

/** The original's address of a server. */
export function pathOf(name: string): string {
  return `/${name}`;
}

/** A server's state as the original describes it. */
export function statusOf(enabled: boolean, { status, error, checkedAt, tools }: Health) {
  const known = status === 'healthy' ? 'healthy' : status === 'unknown' ? 'checking' : `unhealthy: ${error ?? status}`;
  return {
    status: enabled ? known : 'disabled',
    last_checked_iso: checkedAt?.toISOString() ?? null,
    num_tools: tools.length,
  };
}

/** One tool as the original describes it. */
export function toOriginalTool({ name, description, inputSchema }: ToolInfo): Answer<typeof originalTool> {
  const main = description ?? 'No description available.';
  return {
    name,
    description: description ?? '',
    parsed_description: { main, args: null, returns: null, raises: null },
    schema: { ...inputSchema },
  };
}

/** Characters of descriptions and schemas in one answer with the tools of all servers, in each of its two lists. */
const mostOfAll = 8_000_000;

/**
 * The tools of these servers, as one list and by server. Each server has the same share of the answer; its tools beyond that
 * have neither description nor schema.
 */
export function toAllTools(entries: readonly CatalogueEntry[]): Answer<typeof originalAllTools> {
  const share = mostOfAll / Math.max(1, entries.length);
  const servers = entries.map(({ name, title, health }) => {
    const about = { server_path: pathOf(name), server_name: title };
    let left = share;
    const tools = health.tools.map((tool) => {
      left -= sizeOf(tool);
      return { ...toOriginalTool(left >= 0 ? tool : { ...tool, description: null, inputSchema: null }), ...about };
    });
    return [pathOf(name), tools] as const;
  });
  return { service_path: 'all', tools: servers.flatMap(([, tools]) => tools), servers: Object.fromEntries(servers) };
}

const sizes = new WeakMap<ToolInfo, number>();

function sizeOf(tool: ToolInfo): number {
  const known = sizes.get(tool);
  if (known !== undefined) return known;
  const size = JSON.stringify([tool.description, tool.inputSchema]).length;
  sizes.set(tool, size);
  return size;
}
