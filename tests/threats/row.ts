/** One threat, and what would notice it. */
export interface Row {
  /** The row's names: its letter, or the advisories that describe it. */
  id: string;
  /** What would be wrong if it got through. */
  what: string;
  /** Test file below tests/, without `.test.ts`, or `attack` for cases of `npm run attack`: exact titles or table cells. */
  held: Record<string, readonly string[]>;
}

/** Shorter to write, and to read as a table. */
export function row(id: string, what: string, held: Row['held']): Row {
  return { id, what, held };
}
