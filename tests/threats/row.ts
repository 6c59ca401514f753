/** One threat and the tests that cover it. */
export interface Row {
  /** The row's names: its letter, or the advisories that describe it. */
  id: string;
  /** The property that the threat would break. */
  what: string;
  /** Test file below tests/, without `.test.ts`, or `attack` for cases of `npm run attack`: exact titles or table cells. */
  held: Record<string, readonly string[]>;
}

/** Keeps the tables short. */
export function row(id: string, what: string, held: Row['held']): Row {
  return { id, what, held };
}
