import * as z from 'zod';
import type { CatalogueEntry } from '../../access/catalogue.ts';
import { proxyPassUrl } from '../../import/original.ts';
import type { Health } from '../../servers/server-health.ts';
import type { ToolInfo } from '../../servers/tool.ts';

/** A tool as the original lists it. Where the text of a tool has a part for its arguments, the original takes it apart. */
export const originalTool = z.strictObject({
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
  proxy_pass_url: z.string().describe("Where it runs, for who may change it; otherwise the gateway's address of it."),
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

/** What came of switching or asking a server. */
export const originalStatus = z.strictObject({
  message: z.string(),
  service_path: z.string(),
  status: z.string().describe('healthy, checking, disabled, or unhealthy with the reason.'),
  last_checked_iso: z.string().nullable(),
  num_tools: z.int(),
});

/** What came of registering one. */
export const originalRegistered = z.strictObject({ message: z.string(), service: originalDetails });
/** What came of switching one. */
export const originalToggled = originalStatus.extend({ new_enabled_state: z.boolean() });

const toolOfServer = originalTool.extend({ server_path: z.string(), server_name: z.string() });

/** The tools of one server. */
export const originalTools = z.strictObject({
  service_path: z.string(),
  tools: z.array(originalTool),
  cached: z.literal(true).describe('As the server was last seen; to ask it now: POST /api/refresh/{path}.'),
});
/** The tools of all servers. */
export const originalAllTools = z.strictObject({
  service_path: z.literal('all'),
  tools: z.array(toolOfServer),
  servers: z.record(z.string(), z.array(toolOfServer)),
});

/** A server in the words of the original. `num_stars` and `is_python` are not kept here. */
export function toOriginalDetails(entry: CatalogueEntry): z.output<typeof originalDetails> {
  const { title, name, description, tags, license, health, enabled, endpoints, location } = entry;
  const [first] = endpoints;
  return {
    server_name: title,
    description,
    path: pathOf(name),
    proxy_pass_url: location ? proxyPassUrl(location) : (first?.url.replace(/(?<=\/)(?:mcp|sse)$/, '') ?? ''),
    tags: [...tags],
    num_tools: health.tools.length,
    num_stars: 0,
    is_python: false,
    license: license ?? 'N/A',
    tool_list: health.tools.map(toOriginalTool),
    is_enabled: enabled,
    health_status: statusWord(enabled, health),
    last_checked_iso: health.checkedAt?.toISOString() ?? null,
  };
}

/** What the original calls a server's address. */
export function pathOf(name: string): string {
  return `/${name}`;
}

/** A server's state in the words of the original. */
export function statusOf(enabled: boolean, health: Health) {
  return {
    status: statusWord(enabled, health),
    last_checked_iso: health.checkedAt?.toISOString() ?? null,
    num_tools: health.tools.length,
  };
}

/** One tool in the words of the original. */
export function toOriginalTool({ name, description, inputSchema }: ToolInfo): z.output<typeof originalTool> {
  const main = description ?? 'No description available.';
  return {
    name,
    description: description ?? '',
    parsed_description: { main, args: null, returns: null, raises: null },
    schema: { ...inputSchema },
  };
}

function statusWord(enabled: boolean, { status, error }: Health): string {
  if (!enabled) return 'disabled';
  if (status === 'healthy') return 'healthy';
  if (status === 'unknown') return 'checking';
  return `unhealthy: ${error ?? status}`;
}
