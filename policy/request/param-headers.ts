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
const deepest = 6;

/**
 * The headers that a tool's input schema names (`x-mcp-header`; MCP 2026-07-28, "Schema Extension"): only properties that a
 * chain of `properties` reaches count. Pure.
 */
export function paramHeadersOf(schema: unknown): ParamHeader[] {
  const found: ParamHeader[] = [];
  const visit = (node: unknown, path: readonly string[]): void => {
    const properties = own(node, 'properties');
    if (!isObject(properties) || path.length >= deepest) return;
    for (const [key, child] of Object.entries(properties)) {
      if (!isObject(child) || found.length >= most) continue;
      const name = own(child, 'x-mcp-header');
      if (typeof name === 'string' && token.test(name) && kinds.has(own(child, 'type')))
        found.push({ name, path: [...path, key] });
      visit(child, [...path, key]);
    }
  };
  visit(schema, []);
  return found;
}

/**
 * The argument that a header repeats, as its text; undefined if there is none that can be one.
 * @param args the arguments of the call
 */
export function paramText(args: unknown, { path }: ParamHeader): string | undefined {
  const value = path.reduce((at, key) => own(at, key), args);
  const isSent = typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value);
  return isSent ? String(value) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own key: `constructor` is none. */
function own(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key as keyof typeof value] : undefined;
}
