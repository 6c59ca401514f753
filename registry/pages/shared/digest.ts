import { createHash } from 'node:crypto';

/** A short mark of what is shown: equal values have equal marks, and others practically never. */
export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 8);
}

/** One part of a page that may become another while the page is open. */
export interface Part {
  /** The `id` of its element. */
  id: string;
  mark: string;
  /** The template that draws it, and with what. */
  view: 'card' | 'statistics' | 'results' | 'server-state' | 'server-health' | 'server-tools';
  data: object;
}

/** What an open page shows: its marks, which also say what a browser has when it connects. */
export function marksOf(parts: readonly Part[]): string {
  return parts.map(({ mark }) => mark).join('.');
}

/** Those of `parts` that a browser does not have that has `marks`. */
export function missing(parts: readonly Part[], marks: string): Part[] {
  const had = new Set(marks.split('.'));
  return parts.filter(({ mark }) => !had.has(mark));
}
