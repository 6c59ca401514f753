import type { Kysely } from 'kysely';
import { callMethods } from '../../call-methods.ts';
import type { MainSchema } from '../../store/schema.ts';
import type { CountedRow } from '../sums/rows.ts';
import { type Layout, segmentsOf } from '../sums/spans.ts';
import { createSums } from '../sums/sums.ts';
import { addCell, addToSlot, type Cells } from './cells.ts';
import { readCalls } from './read-sums.ts';

/** Reads the sums of some hours of a span. */
export async function readCells(on: Kysely<MainSchema>, layout: Layout, from: number, to: number): Promise<Cells> {
  const cells: Cells = new Map();
  const segments = segmentsOf({ from, to });
  const by = ['server', 'person', 'kind', 'client', 'method', 'object', 'outcome'] as const;
  for (const { key, counts } of await readCalls(on, segments, by)) addCell(cells, { ...key, rule: '' }, counts);
  // A day of the sums would not tell the slots of a shorter span.
  const bySlot = layout.slotHours < 24 ? [{ hours: 1 as const, from, to }] : segments;
  for (const { at, key, counts } of await readCalls(on, bySlot, ['server'], true))
    addToSlot(cells, key.server, slotOf(layout, at), counts);
  return cells;
}

/** Adds up rows that are in no sum yet. @param isKnown whether sums name this server */
export function freshCells(layout: Layout, rows: readonly CountedRow[], isKnown: (server: string) => boolean): Cells {
  const cells: Cells = new Map();
  const bySlot = new Map<number, CountedRow[]>();
  for (const row of rows) {
    const { method, kind } = row.key;
    if (!callMethods.includes(method) || kind === 'none') continue;
    const slot = slotOf(layout, Math.floor(row.counts.last / 3_600));
    const some = bySlot.get(slot) ?? [];
    some.push(row);
    bySlot.set(slot, some);
  }
  for (const [slot, some] of bySlot) {
    const sums = createSums();
    for (const row of some) sums.add(row);
    for (const { key, counts } of sums.all(isKnown)) {
      addCell(cells, key, counts);
      addToSlot(cells, key.server, slot, counts);
    }
  }
  return cells;
}

function slotOf({ from, slotHours }: Layout, hour: number): number {
  return from + Math.floor((hour - from) / slotHours) * slotHours;
}
