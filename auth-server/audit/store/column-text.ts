/** PostgreSQL's indexes take values of at most 2,704 bytes. These are 1,500 bytes at most. */
const longestColumn = 500;
const mayNeedChange = /[\0\ud800-\udfff]/;

/** A text as a column holds it: cut, without NUL and halves of surrogate pairs, which PostgreSQL refuses. A record has the whole. */
export function columnText(value: string): string {
  if (value.length <= longestColumn && !mayNeedChange.test(value)) return value;
  return value.slice(0, longestColumn).replaceAll('\0', '\ufffd').toWellFormed();
}
