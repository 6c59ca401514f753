/** PostgreSQL's indexes take values of at most 2,704 bytes. These are 1,500 bytes at most. */
const longestColumn = 500;

/** A text as a column holds it: cut, without NUL and halves of surrogate pairs, which PostgreSQL refuses. A record has the whole. */
export function columnText(value: string): string {
  return value.slice(0, longestColumn).replaceAll('\0', '\ufffd').toWellFormed();
}
