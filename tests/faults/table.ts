import { readFileSync, writeFileSync } from 'node:fs';

/** The outcome of a fault. */
export interface Outcome {
  what: string;
  /** Requests that were wrongly allowed. */
  allowed: number;
  /** `status reason` of the unexpected answers. */
  refused: readonly string[];
  /** Answers that only the test tried, not the load. */
  also?: string | undefined;
  /** From the end of the fault to the last unexpected answer, in seconds. */
  seconds: number;
  lost: readonly string[];
}

const file = 'docs/operations/failures.md';
const begin = '<!-- faults: written by UPDATE_DOCS=1 npm run test:faults -->';
const end = '<!-- /faults -->';
const head = `| Fault | Wrongly allowed | Unusual answers | Recovery | Lost |
|---|---|---|---|---|`;

/**
 * Compares an outcome with its row in docs/operations/failures.md, or writes the row with UPDATE_DOCS=1. Times are not
 * compared. A run may see fewer answers and losses than the row names, but no others.
 */
export function record(outcome: Outcome): void {
  const rows = readRows();
  if (process.env.UPDATE_DOCS) {
    writeRows([...rows.filter(([what]) => what !== outcome.what), cellsOf(outcome)]);
    return;
  }
  const row = rows.find(([what]) => what === outcome.what);
  if (!row) throw new Error(`${file} has no row "${outcome.what}": run UPDATE_DOCS=1 npm run test:faults`);
  const [, allowed = '', refused = '', , lost = ''] = row;
  expect(String(outcome.allowed)).toBe(allowed);
  for (const each of outcome.refused) expect(refused).toContain(`\`${each}\``);
  if (outcome.also) expect(refused).toContain(outcome.also);
  for (const each of outcome.lost) expect(lost).toContain(each);
}

function cellsOf({ what, allowed, refused, also, seconds, lost }: Outcome): string[] {
  const answers = refused.map((each) => `\`${each}\``).join(', ');
  const after = refused.length === 0 ? 'at once' : seconds < 0.1 ? 'under 0.1 s' : `${seconds.toFixed(1)} s`;
  const shown = [answers, also].filter(Boolean).join('; ') || 'none';
  return [what, String(allowed), shown, after, lost.join(', ') || 'nothing'];
}

/** The rows of the table, each as a list of its cells. */
export function readRows(): string[][] {
  const [, table] = parts();
  const lines = table.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| Fault |'));
  return lines.map((line) => line.slice(2, -2).split(' | '));
}

function writeRows(rows: readonly (readonly string[])[]): void {
  const [before, , after] = parts();
  const sorted = [...rows].sort(([a = ''], [b = '']) => a.localeCompare(b));
  const table = [head, ...sorted.map((cells) => `| ${cells.join(' | ')} |`)].join('\n');
  writeFileSync(file, `${before}${begin}\n\n${table}\n\n${end}${after}`);
}

function parts(): [before: string, table: string, after: string] {
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no markers for the table of faults`);
  return [text.slice(0, from), text.slice(from + begin.length, to), text.slice(to + end.length)];
}
