import { median } from '../wrk.ts';
import { growthOf } from './growth.ts';
import type { PartHead, Row, Sheet } from './row.ts';

/** Marks what costs more than its size explains. */
const mark = '▲';

/** The table for a terminal. */
export function asText(sheet: Sheet): string {
  const lines = sheet.parts.flatMap((part) => [headOf(part, sheet), ...linesOf(part, sheet)]);
  const columns = Math.max(0, ...lines.map((line) => line.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const shown = sheet.parts.flatMap((part) => {
    const all = [headOf(part, sheet), ...linesOf(part, sheet)];
    return [
      '',
      ...all.map((line) =>
        line
          .map((cell, i) => pad(cell, widths[i] ?? 0, i, columns))
          .join('  ')
          .trimEnd(),
      ),
    ];
  });
  return [...shown, '', ...closing(sheet)].join('\n').trimStart();
}

/** The table in Markdown. */
export function asMarkdown(sheet: Sheet): string {
  const width = widest(sheet);
  const empty = Array.from({ length: width + 2 }, () => '');
  const lines = sheet.parts.flatMap((part) => [
    headOf(part, sheet).map((cell) => (cell ? `**${cell}**` : '')),
    ...linesOf(part, sheet),
  ]);
  const rule = empty.map((_, i) => (i === 0 || i > width ? '---' : '--:'));
  const table = [empty, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`);
  return [...table, '', ...closing(sheet)].join('\n');
}

/** The figures for a program, with what was measured for each. */
export function asJson({ rows, notes }: Sheet): string {
  const all = rows.map((row) => {
    const growth = growthOf(row);
    const figures = row.cells.map(({ size, runs }) => ({ size, figure: median(runs), runs }));
    return { part: row.part, what: row.what, unit: row.unit, figures, growth: growth?.words, steep: growth?.isSteep };
  });
  return JSON.stringify({ rows: all, notes }, undefined, 2);
}

const widest = ({ parts }: Sheet) => Math.max(0, ...parts.map(({ sizes }) => sizes.length));

function headOf({ name, sizes, heads }: PartHead, sheet: Sheet): string[] {
  const named = heads ?? sizes.map((size) => size.toLocaleString('en'));
  return filled([name, ...named], sheet, '');
}

function linesOf({ name, sizes, heads }: PartHead, sheet: Sheet): string[][] {
  const own = sheet.rows.filter(({ part }) => part === name);
  return own.map((row) => {
    const cells = sizes.map((size) => shown(row.cells.find((cell) => cell.size === size)?.runs));
    return filled([`${row.what}, ${row.unit}`, ...cells], sheet, heads ? besides(row) : grows(row));
  });
}

function filled(cells: readonly string[], sheet: Sheet, last: string): string[] {
  const more = Array.from({ length: widest(sheet) + 1 - cells.length }, () => '');
  return [...cells, ...more, last];
}

/** Two kinds side by side have no growth. */
function besides({ cells: [one, two] }: Row): string {
  const ratio = one && two ? median(two.runs) / median(one.runs) : Number.NaN;
  return Number.isFinite(ratio) ? `${ratio.toFixed(2)} times` : '';
}

function grows(row: Row): string {
  const growth = growthOf(row);
  if (growth === undefined) return '';
  return growth.isSteep ? `${mark} ${growth.words}` : growth.words;
}

function shown(runs: readonly number[] | undefined): string {
  if (runs === undefined) return '–';
  const value = median(runs);
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

function pad(cell: string, width: number, column: number, columns: number): string {
  return column === 0 || column === columns - 1 ? cell.padEnd(width) : cell.padStart(width);
}

function closing({ notes, rows, parts }: Sheet): string[] {
  const compared = rows.filter(({ part }) => !parts.find(({ name }) => name === part)?.heads);
  const steep = compared.filter((row) => growthOf(row)?.isSteep).length;
  const said =
    steep === 0
      ? 'Nothing grows more than its size explains.'
      : `${mark}: grows more than its size explains (${steep}).`;
  return [said, ...notes];
}
