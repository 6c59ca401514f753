import { reveal } from '../../common/text/reveal.ts';
import { canonical, type DefinitionParts } from '../servers/definition.ts';

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
const fields = [
  ...(['title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const),
  ...(['_meta.ui', '_meta["ui/resourceUri"]', 'icons', 'execution'] as const),
];

/** How much of the differences of one answer may still be listed. {@link diffDefinitions} takes from it. */
export interface DiffBudget {
  /** Characters of all texts. */
  characters: number;
}

/**
 * Compares two definitions path by path; returns at most 200 differences.
 * @param before null if there was none, or if it was too large to store
 */
export function diffDefinitions(
  before: DefinitionParts | null,
  after: DefinitionParts | null,
  budget: DiffBudget = { characters: Number.POSITIVE_INFINITY },
): Difference[] {
  const found: Difference[] = [];
  // In a definition, null and a missing value are the same.
  for (const field of fields)
    walk(found, { root: field, keys: [] }, before?.[field] ?? undefined, after?.[field] ?? undefined, budget);
  return found;
}

/** A difference as one line: `inputSchema.properties.city.description: "a" -> "b"`. */
export function lineOf({ path, before, after }: Difference): string {
  return `${path}: ${before ?? '(nothing)'} -> ${after ?? '(nothing)'}`;
}

/** Where a value is: an element's key is its number. */
interface Path {
  root: string;
  keys: (string | number)[];
}

function walk(found: Difference[], path: Path, before: unknown, after: unknown, budget: DiffBudget): void {
  if (
    path.keys.length < deepest &&
    isBranch(before) &&
    isBranch(after) &&
    Array.isArray(before) === Array.isArray(after)
  ) {
    for (const key of keysOf(before, after)) {
      if (found.length >= most || budget.characters <= 0) return;
      path.keys.push(key);
      walk(found, path, own(before, key), own(after, key), budget);
      path.keys.pop();
    }
    return;
  }
  if (before === after) return;
  const [was, is] = [wholeOf(before), wholeOf(after)];
  if (was === is) return;
  const difference = { path: reveal(textOf(path)).slice(0, longest), before: show(was), after: show(is) };
  budget.characters -= difference.path.length + (difference.before?.length ?? 0) + (difference.after?.length ?? 0);
  found.push(difference);
}

function keysOf(before: Branch, after: Branch): Iterable<string | number> {
  if (Array.isArray(before) && Array.isArray(after)) return Array(Math.max(before.length, after.length)).keys();
  return new Set([...Object.keys(before), ...Object.keys(after)]);
}

function wholeOf(value: unknown): string | null {
  return value === undefined ? null : canonical(value);
}

/** Makes hidden characters visible, in the part of a text that is not cut off. */
function show(whole: string | null): string | null {
  if (whole === null) return null;
  const shown = reveal(whole.slice(0, longest));
  const isCut = Math.max(whole.length, shown.length) > longest;
  return isCut ? `${shown.slice(0, longest)}… (${whole.length} characters)` : shown;
}

type Branch = Record<string, unknown> | unknown[];

function isBranch(value: unknown): value is Branch {
  return typeof value === 'object' && value !== null;
}

function own(value: Branch, key: string | number): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string | number, unknown>)[key] : undefined;
}

function textOf({ root, keys }: Path): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`;
    return /^[\w$-]+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
  }, root);
}
