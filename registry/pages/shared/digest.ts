import { createHash } from 'node:crypto';

/** A short hash of what a part shows. Equal values have equal hashes. */
export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 8);
}

/** A part of a page that may change while the page is open. */
export interface Part {
  /** The `id` of its element. */
  id: string;
  /** {@link digest} of what it shows. */
  mark: string;
  template: string;
  data: object;
}

/** The marks of all parts as one text. An open page sends it back to say what it shows. */
export function marksOf(parts: readonly Part[]): string {
  return parts.map(({ mark }) => mark).join('.');
}

/** The parts that a browser with these `marks` does not have. */
export function missing(parts: readonly Part[], marks: string): Part[] {
  const had = new Set(marks.split('.'));
  return parts.filter(({ mark }) => !had.has(mark));
}
