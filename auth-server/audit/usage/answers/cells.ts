import { addCounts, addUnder, type Counts, noCounts } from '../sums/counts.ts';
import type { SumKey } from '../sums/sum-key.ts';

/** The calls of one server, summed in each way that an answer shows. */
export interface ServerCells {
  total: Counts;
  /** By the first hour of the slot. */
  slots: Map<number, Counts>;
  tools: Map<string, Counts>;
  people: Map<string, Counts>;
  agents: Map<string, Counts>;
  clients: Map<string, Counts>;
  reasons: Map<string, Counts>;
}

/** By server. */
export type Cells = Map<string, ServerCells>;

/** Adds calls to the cells of their server. */
export function addCell(cells: Cells, key: SumKey, counts: Counts): void {
  const of = cellsOf(cells, key.server);
  addCounts(of.total, counts);
  if (key.method === 'tools/call') addUnder(of.tools, key.object, counts);
  addUnder(key.kind === 'agent' ? of.agents : of.people, key.person, counts);
  if (key.client) addUnder(of.clients, key.client, counts);
  if (counts.refused > 0) addUnder(of.reasons, key.outcome, counts);
}

/** Adds calls to a slot of their server. */
export function addToSlot(cells: Cells, server: string, slot: number, counts: Counts): void {
  const { slots } = cellsOf(cells, server);
  const sum = slots.get(slot) ?? noCounts();
  addCounts(sum, counts);
  slots.set(slot, sum);
}

function cellsOf(cells: Cells, server: string): ServerCells {
  let of = cells.get(server);
  if (!of) {
    of = {
      total: noCounts(),
      slots: new Map(),
      tools: new Map(),
      people: new Map(),
      agents: new Map(),
      clients: new Map(),
      reasons: new Map(),
    };
    cells.set(server, of);
  }
  return of;
}
