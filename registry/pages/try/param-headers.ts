import type { JsonObject } from '../../servers/definition.ts';
import { bounds, isObject, keyword } from './form-part.ts';

/** An argument that a client sends as the header `Mcp-Param-<name>` too. */
export interface ParamHeader {
  name: string;
  /** The keys that lead to the argument. */
  path: readonly string[];
}

/** A field name (RFC 9110, section 5.1). */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const kinds: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean']);
const most = 16;

/**
 * The headers that a tool's input schema names (`x-mcp-header`; MCP 2026-07-28, "Schema Extension"): only properties that a
 * chain of `properties` reaches count. Pure.
 */
export function paramHeadersOf(schema: JsonObject | null): ParamHeader[] {
  const found: ParamHeader[] = [];
  const visit = (node: JsonObject, path: readonly string[]): void => {
    const properties = keyword(node, 'properties');
    if (!isObject(properties) || path.length >= bounds.depth) return;
    for (const [key, child] of Object.entries(properties)) {
      if (!isObject(child) || found.length >= most) continue;
      const name = keyword(child, 'x-mcp-header');
      if (typeof name === 'string' && token.test(name) && kinds.has(keyword(child, 'type')))
        found.push({ name, path: [...path, key] });
      visit(child, [...path, key]);
    }
  };
  if (schema) visit(schema, []);
  return found;
}
