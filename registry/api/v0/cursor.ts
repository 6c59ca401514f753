/**
 * A cursor in a list that is sorted by name. It holds the last name of a page, so that the next page skips and repeats
 * nothing even if servers come and go.
 */
export function toCursor(lastName: string): string {
  return Buffer.from(`1:${lastName}`, 'utf8').toString('base64url');
}

/** The name in a cursor; undefined if {@link toCursor} did not make it. */
export function readCursor(cursor: string): string | undefined {
  const name = /^1:(.{1,200})$/su.exec(Buffer.from(cursor, 'base64url').toString('utf8'))?.[1];
  // Decoding is lenient, so compare with our own encoding.
  return name !== undefined && toCursor(name) === cursor ? name : undefined;
}
