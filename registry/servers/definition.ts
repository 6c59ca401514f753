import { createHash } from 'node:crypto';

/** A JSON object as a server sent it. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What a model is told of a tool, as the server sent it. */
export interface DefinitionParts {
  title: unknown;
  description: unknown;
  inputSchema: unknown;
  outputSchema: unknown;
  annotations: unknown;
}

/** A tool's definition: what must not change behind the back of who approved it. */
export interface Definition {
  name: string;
  /** SHA-256, in hexadecimal, of name and parts, whatever the order of their keys. */
  hash: string;
  /** Null when it is too large to be kept. */
  parts: DefinitionParts | null;
}

/** Longer names the gateway refuses to call. */
const longestName = 256;

/**
 * The definition of a tool of `tools/list` (MCP 2026-07-28, `Tool`). `_meta`, `icons` and `execution` are no part of it:
 * no model reads them, and servers put times and counters into `_meta`.
 * @throws {RangeError} if it is nested too deeply to be read
 */
export function definitionOf(tool: JsonObject): Definition {
  const { title = null, description = null, inputSchema = null, outputSchema = null, annotations = null } = tool;
  const parts = { title, description, inputSchema, outputSchema, annotations };
  const name = String(tool.name);
  // A twin is a tool of the same name in the same list: either of them may be the one that is called.
  const { twin = null } = tool;
  const whole = canonical({ name, ...parts, ...(twin !== null && { twin }) });
  const hash = createHash('sha256').update(whole).digest('hex');
  return { name: name.slice(0, longestName), hash, parts };
}

/** JSON with the keys of every object in order, so that equal values are equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
