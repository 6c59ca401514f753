import { fold } from '../../policy/request/request-hygiene.ts';
import { isJsonObject, type JsonObject } from './definition.ts';

/** Keys of a tool that its hash covers, and of its annotations (MCP 2026-07-28, `Tool`, `ToolAnnotations`). */
const ofTool = known('name title description inputSchema outputSchema annotations');
const ofAnnotations = known('title readOnlyHint destructiveHint idempotentHint openWorldHint');
/** Keywords of JSON Schema 2020-12 and its older drafts. */
const ofSchema = known(
  '$schema $id $anchor $ref $dynamicRef $dynamicAnchor $recursiveRef $recursiveAnchor $vocabulary $comment $defs id ' +
    'definitions allOf anyOf oneOf not if then else dependentSchemas dependentRequired dependencies prefixItems items ' +
    'additionalItems contains properties patternProperties additionalProperties propertyNames unevaluatedItems ' +
    'unevaluatedProperties type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength ' +
    'minLength pattern maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required ' +
    'title description default deprecated readOnly writeOnly examples format contentEncoding contentMediaType ' +
    'contentSchema',
);
/** Keywords whose value is an object of schemas by name. Every name is allowed there. */
const named = new Set('properties patternProperties $defs definitions dependentSchemas dependencies'.split(' '));
/** Keywords whose value is data. */
const data = new Set('enum const default examples required type'.split(' '));

/** A key that some programs read as another one. */
export interface LookAlike {
  key: string;
  readAs: string;
}

/**
 * Returns the first key of a tool, its annotations or its schemas that is no known key, and that some programs read as one:
 * Go's encoding/json and .NET ignore letter case, some Python models accept `input_schema` for `inputSchema`, and readers in
 * C end a key at a NUL. Names of properties are not keys of this kind.
 * @param tool not nested more deeply than the stack allows
 */
export function lookAlikeIn(tool: JsonObject): LookAlike | undefined {
  const { annotations, inputSchema, outputSchema } = tool;
  return (
    among(tool, ofTool) ??
    (isJsonObject(annotations) ? among(annotations, ofAnnotations) : undefined) ??
    inSchema(inputSchema) ??
    inSchema(outputSchema)
  );
}

/** The entries of a tool whose keys look like another key of a tool. */
export function lookAlikesOf(tool: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(tool).filter(([key]) => (ofTool.get(folded(key)) ?? key) !== key));
}

function inSchema(schema: unknown): LookAlike | undefined {
  if (Array.isArray(schema)) return first(schema);
  if (!isJsonObject(schema)) return undefined;
  const own = among(schema, ofSchema);
  if (own) return own;
  for (const [keyword, value] of Object.entries(schema)) {
    if (data.has(keyword)) continue;
    const found = named.has(keyword) && isJsonObject(value) ? first(Object.values(value)) : inSchema(value);
    if (found) return found;
  }
  return undefined;
}

function first(schemas: readonly unknown[]): LookAlike | undefined {
  for (const each of schemas) {
    const found = inSchema(each);
    if (found) return found;
  }
  return undefined;
}

type Known = ReadonlyMap<string, string>;

/** Known keys by their folded form. */
function known(keys: string): Known {
  return new Map(keys.split(' ').map((key) => [folded(key), key]));
}

function among(object: JsonObject, keys: Known): LookAlike | undefined {
  for (const key of Object.keys(object)) {
    const readAs = keys.get(folded(key));
    if (readAs !== undefined && readAs !== key) return { key, readAs };
  }
  return undefined;
}

/** Without letter case, joiners, invisible characters, and everything after a NUL. */
function folded(key: string): string {
  if (/^[a-z0-9$]+$/.test(key)) return key;
  return fold(key.split('\0', 1)[0] ?? '').replace(/[\p{M}\p{C}_-]+/gu, '');
}
