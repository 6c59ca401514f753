import { canonical, type DefinitionParts } from '../servers/definition.ts';
import { reveal } from './reveal.ts';

/** One difference between definitions. `path` is like `inputSchema.properties.city.description`. */
export interface Difference {
  path: string;
  /** JSON with hidden characters made visible; null if there was no value. */
  before: string | null;
  after: string | null;
}

const most = 200;
const longest = 4_000;
const deepest = 40;
const fields = ['title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const;

/**
 * Compares two definitions path by path; returns at most 200 differences.
 * @param before null if there was none, or if it was too large to store
 */
export function diffDefinitions(before: DefinitionParts | null, after: DefinitionParts | null): Difference[] {
  const found: Difference[] = [];
  // In a definition, null and a missing value are the same.
  for (const field of fields) walk(found, field, before?.[field] ?? undefined, after?.[field] ?? undefined, 0);
  return found;
}

/** A difference as one line: `inputSchema.properties.city.description: "a" -> "b"`. */
export function lineOf({ path, before, after }: Difference): string {
  return `${path}: ${before ?? '(nothing)'} -> ${after ?? '(nothing)'}`;
}

function walk(found: Difference[], path: string, before: unknown, after: unknown, depth: number): void {
  if (found.length >= most) return;
  if (depth < deepest && isBranch(before) && isBranch(after) && Array.isArray(before) === Array.isArray(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      walk(found, join(path, key, Array.isArray(before)), own(before, key), own(after, key), depth + 1);
    return;
  }
  const [was, is] = [show(before), show(after)];
  if (was.whole === is.whole) return;
  found.push({ path: reveal(path).slice(0, longest), before: was.text, after: is.text });
}

function show(value: unknown): { whole: string | null; text: string | null } {
  if (value === undefined) return { whole: null, text: null };
  const whole = canonical(value);
  const shown = reveal(whole);
  return { whole, text: shown.length > longest ? `${shown.slice(0, longest)}… (${shown.length} characters)` : shown };
}

type Branch = Record<string, unknown> | unknown[];

function isBranch(value: unknown): value is Branch {
  return typeof value === 'object' && value !== null;
}

function own(value: Branch, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function join(path: string, key: string, isIndex: boolean): string {
  if (isIndex) return `${path}[${key}]`;
  return /^[\w$-]+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}
