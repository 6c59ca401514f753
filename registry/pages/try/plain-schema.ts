import type { JsonObject } from '../../servers/definition.ts';
import { bounds, isObject, keyword } from './form-part.ts';

/** Keywords that lead to a schema which is not in this document, or depends on the way that led to it. */
const foreign = ['$dynamicRef', '$recursiveRef'];

/**
 * Follows the local references (`$ref`) of a schema and merges its `allOf`, so that all keywords stand in one object (JSON
 * Schema 2020-12). Only the top level is looked at. Pure.
 * @param root the schema of the tool, in which `#/…` is looked up (RFC 6901)
 * @returns a sentence if that is not possible: a reference to another document, into nothing or in a circle, or too many
 */
export function plainSchema(schema: JsonObject, root: JsonObject): JsonObject | string {
  return plain(schema, root, { left: bounds.hops });
}

function plain(schema: JsonObject, root: JsonObject, hops: { left: number }): JsonObject | string {
  if (foreign.some((key) => Object.hasOwn(schema, key))) return 'It refers to a schema in a way that needs JSON.';
  const { $ref, allOf, ...own } = schema;
  const parts: JsonObject[] = [];
  const others = [...($ref === undefined ? [] : [$ref]), ...(Array.isArray(allOf) ? allOf : [])];
  for (const other of others) {
    hops.left -= 1;
    if (hops.left < 0) return 'Its schema refers to others too often.';
    const target = typeof other === 'string' ? lookUp(other, root) : other;
    if (target === true) continue;
    if (!isObject(target)) return 'It refers to a schema that is not here.';
    const merged = plain(target, root, hops);
    if (typeof merged === 'string') return merged;
    parts.push(merged);
  }
  return [...parts, own].reduce(both);
}

/** The value at `#`, or at a JSON pointer in a URI fragment (RFC 6901, section 6). */
function lookUp(reference: string, root: JsonObject): unknown {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return undefined;
  let found: unknown = root;
  for (const step of reference.slice(2).split('/')) {
    const key = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as JsonObject)[key];
  }
  return found;
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

/** Both schemas as one: the second one's keywords, and the properties and required names of both. */
export function both(first: JsonObject, second: JsonObject): JsonObject {
  const merged = { ...first, ...second };
  const [before, after] = [keyword(first, 'properties'), keyword(second, 'properties')];
  if (isObject(before) && isObject(after)) merged.properties = { ...before, ...after };
  const [needed, more] = [keyword(first, 'required'), keyword(second, 'required')];
  if (Array.isArray(needed) && Array.isArray(more)) merged.required = [...needed, ...more];
  return merged;
}
