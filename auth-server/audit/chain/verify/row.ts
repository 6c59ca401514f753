/** A row of `decision`. */
export interface StoredRecord {
  writer: number;
  number: number;
  at: number;
  salt: Uint8Array | null;
  digest: Uint8Array;
  link: Uint8Array;
  record: string | null;
}

/** Whether the other columns of a row say what its record says. It does not throw. */
export type FitsRecord = (row: StoredRecord) => boolean;
