/**
 * A place in a list that is sorted by name: the last name that was given out. So nothing is skipped or given twice when
 * servers come and go meanwhile.
 */
export function toCursor(lastName: string): string {
  return Buffer.from(`1:${lastName}`, 'utf8').toString('base64url');
}

/** @returns the name in a cursor, or undefined if we did not make it */
export function readCursor(cursor: string): string | undefined {
  const name = /^1:(.{1,200})$/su.exec(Buffer.from(cursor, 'base64url').toString('utf8'))?.[1];
  // Decoding is lenient; only what we would write ourselves is a cursor.
  return name !== undefined && toCursor(name) === cursor ? name : undefined;
}
