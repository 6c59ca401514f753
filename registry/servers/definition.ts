import { hash as hashOf } from 'node:crypto';

/** A JSON object as a server sent it. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a model sees of a tool, as the server sent it. */
type ModelParts = Record<'title' | 'description' | 'inputSchema' | 'outputSchema' | 'annotations', unknown>;
/** What a host does with it: the page that it opens, the icon that it shows, and whether a call may become a task. */
type HostParts = Partial<Record<'_meta.ui' | '_meta["ui/resourceUri"]' | 'icons' | 'execution', unknown>>;
export type DefinitionParts = ModelParts & HostParts;

/** A tool's definition. It must not change without a new approval. */
export interface Definition {
  name: string;
  /** SHA-256 of name and parts in hexadecimal, independent of the order of keys. */
  hash: string;
  /** Null if too large to store, or unusable. */
  parts: DefinitionParts | null;
  /** Why it can neither be shown nor approved; undefined if it can. */
  unusable?: string | undefined;
}

/** Whether annotations say that a tool only reads (`readOnlyHint`; MCP 2025-11-25, "Tool Annotations"). */
export function saysReadOnly(annotations: unknown): boolean {
  const { readOnlyHint, destructiveHint } = (annotations ?? {}) as JsonObject;
  return readOnlyHint === true && destructiveHint !== true;
}

/** The gateway refuses calls of longer names. */
const longestName = 256;

/** The name under which a tool is stored. */
export function nameOf(tool: JsonObject): string {
  return String(tool.name).slice(0, longestName);
}

/**
 * Returns the definition of a tool from `tools/list` (MCP 2026-07-28, `Tool`). Of `_meta` it covers the
 * page only (MCP Apps): servers put times and counters there. What only hosts read counts where it is there, so that tools
 * without it keep the hash that they had before it counted.
 * @param more what else the hash covers; another `more` gives another hash
 * @throws {RangeError} if it is nested too deeply
 */
export function definitionOf(tool: JsonObject, more: JsonObject = {}): Definition {
  const { title = null, description = null, inputSchema = null, outputSchema = null, annotations = null } = tool;
  const parts = { title, description, inputSchema, outputSchema, annotations, ...hostPartsOf(tool) };
  const whole = canonical({ name: String(tool.name), ...parts, ...more });
  return { name: nameOf(tool), hash: hashOf('sha256', whole), parts };
}

function hostPartsOf({ _meta, icons, execution }: JsonObject): HostParts {
  const meta = isJsonObject(_meta) ? _meta : {};
  const flat = meta['ui/resourceUri'];
  return {
    ...(isThere(meta.ui) && { '_meta.ui': meta.ui }),
    ...(isThere(flat) && { '_meta["ui/resourceUri"]': flat }),
    ...(isThere(icons) && canonical(icons) !== '[]' && { icons: shortened(icons) }),
    ...(isThere(execution) && canonical(execution) !== usualExecution && { execution }),
  };
}

/** Icons may be whole images. A digest tells a change as well, and leaves room for the texts of the tool. */
function shortened(icons: unknown): unknown {
  const whole = canonical(icons);
  return whole.length <= longestIcons ? icons : `SHA-256 ${hashOf('sha256', whole)}`;
}

const longestIcons = 4_096;

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** What a tool without it means (MCP 2025-11-25, `ToolExecution`). Some SDKs write it for each tool. */
const usualExecution = canonical({ taskSupport: 'forbidden' });

/**
 * JSON with the keys of every object sorted, so that equal values give equal texts. Three times as fast as JSON.stringify
 * with a replacer.
 * @param value a JSON value
 * @throws {RangeError} if it is nested too deeply
 */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const object = value as JsonObject;
  return `{${sortedKeys(object)
    .map((key) => `${JSON.stringify(key)}:${canonical(object[key])}`)
    .join(',')}}`;
}

/** Numbers come first, in their order, as in every object of JavaScript. Stored hashes depend on it. */
function sortedKeys(object: JsonObject): string[] {
  const keys = Object.keys(object);
  const others = keys.findIndex((key) => !isIndex(key));
  if (others < 0) return keys;
  return others === 0 ? keys.sort() : [...keys.slice(0, others), ...keys.slice(others).sort()];
}

function isIndex(key: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(key) && Number(key) < 2 ** 32 - 1;
}
