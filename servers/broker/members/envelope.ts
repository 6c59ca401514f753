import { type Edit, locate, splice } from '../../../common/answers/rewrite.ts';
import { parseJson } from '../../../common/text/json.ts';
import { paramHeadersOf, paramText } from '../../../policy/request/param-headers.ts';
import type { Announced, Member } from '../exchange.ts';

/** The version that members of the new era are asked in. */
export const newVersion = '2026-07-28';
/** The version that is offered to members of the old era by clients of the new one. */
export const oldVersion = '2025-11-25';

const prefix = 'io.modelcontextprotocol/';

/** What a member may know of the client's capabilities: sampling spends the client's model, and pages lead people away. */
export function capabilitiesFor(member: Member, { capabilities }: Announced): Record<string, unknown> {
  const { sampling, elicitation, ...rest } = capabilities;
  const asks = member.pages ? elicitation : withoutPages(elicitation);
  return {
    ...rest,
    ...(member.sampling && sampling !== undefined && { sampling }),
    ...(asks !== undefined && { elicitation: asks }),
  };
}

/** An elicitation without modes means forms, so that one with pages only must go as a whole. */
function withoutPages(elicitation: unknown): unknown {
  if (typeof elicitation !== 'object' || elicitation === null || !('url' in elicitation)) return elicitation;
  const { url: _, ...modes } = elicitation;
  return Object.keys(modes).length > 0 ? modes : undefined;
}

/**
 * A request as a member of the new era wants it: with the `_meta` envelope (MCP 2026-07-28, "Request metadata").
 * @param body a request of a client of either era
 * @param level the log level that an old client has set
 */
export function enveloped(body: Buffer, member: Member, announced: Announced, level?: string): Buffer {
  const own: Record<string, unknown> = {
    protocolVersion: newVersion,
    clientInfo: announced.clientInfo,
    clientCapabilities: capabilitiesFor(member, announced),
    ...(level !== undefined && { logLevel: level }),
  };
  const members = Object.entries(own).map(([key, value]) => [prefix + key, JSON.stringify(value)] as const);
  const [params, meta] = locate(body, [['params'], ['params', '_meta']]);
  const all = `{${members.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join()}}`;
  if (!params) return splice(body, [{ path: ['params'], json: `{"_meta":${all}}` }]);
  if (!meta) return splice(body, [{ path: ['params', '_meta'], json: all }]);
  return splice(
    body,
    members.map(([key, json]): Edit => ({ path: ['params', '_meta', key], json })),
  );
}

/**
 * The headers that repeat arguments of a call (`x-mcp-header`; MCP 2026-07-28, "Schema Extension"). The broker is the member's
 * client, and clients of the old era send none: so they come from the arguments alone.
 * @param definition of the tool, as JSON
 */
export function paramHeaders(definition: string, args: unknown): Record<string, string> {
  if (!definition.includes('x-mcp-header')) return {};
  const { inputSchema } = (parseJson(definition) ?? {}) as { inputSchema?: unknown };
  return headersOfSchema(inputSchema, args);
}

/** The same of a tool's input schema. */
export function headersOfSchema(inputSchema: unknown, args: unknown): Record<string, string> {
  const found = paramHeadersOf(inputSchema).flatMap((header): [string, string][] => {
    const text = paramText(args, header);
    return text === undefined ? [] : [[`mcp-param-${header.name}`, headerText(text)]];
  });
  return Object.fromEntries(found);
}

/** A name for the header `Mcp-Name`: as it is, or UTF-8 in base64 (MCP 2026-07-28, "Header standardisation"). */
export function headerText(name: string): string {
  return /^[\x21-\x7e]+$/.test(name) && !name.startsWith('=?')
    ? name
    : `=?base64?${Buffer.from(name).toString('base64')}?=`;
}
