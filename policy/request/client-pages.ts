import type { Json } from './request-shape.ts';

/** The key under which the gateway asks a client of MCP 2026-07-28 to open the page that connects an account. */
export const connectKey = 'mcp-gateway-registry/connect';

/** The key under which it asks such a client to open the page on which a call is approved. */
export const approveKey = 'mcp-gateway-registry/approve';

/** The only requests that MCP 2026-07-28 lets a server answer with `input_required`. */
export const mayAsk: ReadonlySet<string | undefined> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** The first version of MCP with elicitation in URL mode, and with the error that names pages to open. */
export const firstVersion = '2025-11-25';

/**
 * Whether the client says that it can ask its person to open a page: in `initialize` (MCP 2025-11-25, "Elicitation"), or in
 * `_meta` of each request (MCP 2026-07-28).
 */
export function opensPages({ method, params }: Json, isModern: boolean): boolean {
  const args = objectOf(params);
  if (isModern) return hasUrlMode(objectOf(args._meta)['io.modelcontextprotocol/clientCapabilities']);
  const { protocolVersion, capabilities } = args;
  if (method !== 'initialize' || typeof protocolVersion !== 'string') return false;
  return protocolVersion >= firstVersion && hasUrlMode(capabilities);
}

/** Whether the client has asked its person to open the page of this key already, and repeats the request. */
export function wasAskedToOpen({ params }: Json, key: typeof connectKey | typeof approveKey): boolean {
  return Object.hasOwn(objectOf(objectOf(params).inputResponses), key);
}

function hasUrlMode(capabilities: unknown): boolean {
  const { url } = objectOf(objectOf(capabilities).elicitation);
  return typeof url === 'object' && url !== null;
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
