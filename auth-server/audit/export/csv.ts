import type { Decision } from '../../../common/doors/decisions.ts';

/** The columns, in this order for good: a new field of a record comes at the end. */
export const columns = [
  'at',
  'id',
  'verdict',
  'reason',
  'status',
  'subject',
  'username',
  'shown_name',
  'client_id',
  'client_name',
  'auth_method',
  'address',
  'via',
  'groups',
  'scopes',
  'resource',
  'server',
  'method',
  'object',
  'objects',
  'object_digest',
  'argument',
  'definition',
  'http',
  'account',
  'account_used',
  'rule',
  'policy',
  'microseconds',
  'about',
  'about_name',
  'detail',
  'count',
  'message',
  'request_id',
] as const satisfies readonly (keyof Decision)[];

/** A spreadsheet takes a cell for a formula if it begins like one; some take the wide forms of East Asian keyboards too. */
const formula = /^[=+\-@\t\r\n＝＋－＠]/;

/** The names of the columns, the first line of a file. */
export const csvHead = line(columns);

/**
 * A record as a line of CSV (RFC 4180). Times are ISO 8601 in UTC, groups and scopes JSON arrays, since a name may hold any
 * character; what a record does not have is empty.
 */
export function csvLine(decision: Decision): string {
  return line(columns.map((name) => cellOf(decision[name])));
}

function cellOf(value: Decision[keyof Decision]): string {
  if (value === undefined) return '';
  return Array.isArray(value) ? JSON.stringify(value) : String(value);
}

function line(cells: readonly string[]): string {
  return `${cells.map((cell) => quoted(harmless(cell))).join(',')}\r\n`;
}

/**
 * Callers choose names of tools and paths: such a cell gets an apostrophe, which makes it text. A cell that has one already
 * gets another, so that a reader can take one away from each.
 */
function harmless(cell: string): string {
  return formula.test(cell) || cell.startsWith("'") ? `'${cell}` : cell;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
