import { median, type Run } from './wrk.ts';

/** The measurements of one subject in one place, by round. */
export interface Cell {
  place: 'direct' | 'behind nginx';
  body: '300 B' | '16 kB';
  connections: number;
  subject: string;
  runs: Run[];
}

/** One line of the table, in numbers. */
export type Row = ReturnType<typeof rowsOf>[number];

/** Ratios are against bare Node in the same place. They are taken per round, because other load affects both alike. */
export function rowsOf(cells: readonly Cell[]) {
  return cells.map((cell) => {
    const base = cells.find((each) => each.subject === 'bare Node' && isSamePlace(each, cell)) ?? cell;
    const ratios = cell.runs.map(({ perSecond }, i) => perSecond / (base.runs[i]?.perSecond ?? Number.NaN));
    const of = (runs: readonly Run[], what: keyof Run) => median(runs.map((run) => run[what]));
    return {
      ...{ place: cell.place, body: cell.body, connections: cell.connections, subject: cell.subject },
      perSecond: of(cell.runs, 'perSecond'),
      ratio: median(ratios),
      /** Lowest and highest ratio of a round. */
      spread: [Math.min(...ratios), Math.max(...ratios)],
      p99: of(cell.runs, 'p99'),
      p99Ratio: of(cell.runs, 'p99') / of(base.runs, 'p99'),
      cpu: of(cell.runs, 'cpu'),
      cpuRatio: of(base.runs, 'cpu') / of(cell.runs, 'cpu'),
    };
  });
}

function isSamePlace(a: Cell, b: Cell): boolean {
  return a.place === b.place && a.body === b.body && a.connections === b.connections;
}

/** The rows as a Markdown table. */
export function asMarkdown(rows: readonly Row[]): string {
  const shown = (value: number, digits: number) => (Number.isNaN(value) ? '' : value.toFixed(digits));
  const head = ['where', 'body', 'connections', 'what', 'requests/s', 'ratio', 'spread', 'p99 ms', 'CPU µs', 'by CPU'];
  const lines = rows.map((row) => [
    row.place,
    row.body,
    String(row.connections),
    row.subject,
    shown(row.perSecond, 0),
    shown(row.ratio, 2),
    row.spread.map((each) => shown(each, 2)).join(' to '),
    shown(row.p99, 1),
    shown(row.cpu, 0),
    shown(row.cpuRatio, 2),
  ]);
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
