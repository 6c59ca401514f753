import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testNames } from './test-names.ts';

/** One property of the gateway and the tests that cover it. */
export interface Row {
  /** The row's names: the letter of a threat, the advisories that describe it, or a kind of input. */
  id: string;
  /** The property. */
  what: string;
  /** Test file below tests/, without `.test.ts`, or a key of `others`: exact titles or table cells. */
  held: Record<string, readonly string[]>;
}

/** Keeps the tables short. */
export function row(id: string, what: string, held: Row['held']): Row {
  return { id, what, held };
}

const known = new Map<string, Set<string>>();

/**
 * The tests that a row names and that do not exist, as `file: title`.
 * @param others sets of names that stand in no test file
 */
export function missingTests({ held }: Row, others: Record<string, Set<string>> = {}): string[] {
  return Object.entries(held).flatMap(([file, names]) => {
    const existing = others[file] ?? namesIn(file);
    return names.filter((name) => !existing.has(name)).map((name) => `${file}: ${name}`);
  });
}

function namesIn(file: string): Set<string> {
  const path = join(import.meta.dirname, '..', '..', `${file}.test.ts`);
  if (!known.has(file)) known.set(file, existsSync(path) ? testNames(readFileSync(path, 'utf8')) : new Set());
  return known.get(file) ?? new Set();
}
