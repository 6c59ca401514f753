/** A figure at one size: what each measurement of it gave. */
export interface Cell {
  size: number;
  runs: number[];
}

/** One line of the table: a figure at several sizes. */
export interface Row {
  part: string;
  what: string;
  unit: string;
  /** Of `each` stream, call or record, which should cost the same at any size; or of `all`, which may grow as the size does. */
  of: 'each' | 'all';
  cells: Cell[];
}

/** What the sizes of a part count, and their names where a number says nothing. */
export interface PartHead {
  name: string;
  sizes: readonly number[];
  /** Default: the sizes themselves. */
  heads?: readonly string[];
}

/** The table while it is filled. */
export interface Sheet {
  parts: PartHead[];
  rows: Row[];
  /** Sentences about what was not measured, or not at the size that was asked for. */
  notes: string[];
}

/** Adds measurements of a figure at one size. */
export function put(sheet: Sheet, row: Omit<Row, 'cells'>, size: number, ...runs: number[]): void {
  const isSame = (one: Row) => one.part === row.part && one.what === row.what && one.unit === row.unit;
  const found = sheet.rows.find(isSame) ?? { ...row, cells: [] };
  if (found.cells.length === 0) sheet.rows.push(found);
  const cell = found.cells.find((each) => each.size === size);
  if (cell) cell.runs.push(...runs);
  else found.cells.push({ size, runs });
}
