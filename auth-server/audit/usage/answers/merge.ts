import type { Usage } from '../../../../common/doors/usage.ts';
import { addCounts, addUnder, type Counts, noCounts, shownCounts } from '../sums/counts.ts';
import { hourMilliseconds } from '../sums/make-sums.ts';
import type { Layout } from '../sums/spans.ts';
import type { Cells, ServerCells } from './cells.ts';

/** A row of an answer before it has its name. */
export interface NamelessRow {
  id: string;
  server?: string;
  /** Of a server: its calls in each slot. */
  slots?: number[];
  counts: Counts;
}

/** The calls of some servers together. */
export interface Merged {
  total: Counts;
  callers: number;
  slots: Usage['slots'];
  servers: NamelessRow[];
  tools: NamelessRow[];
  people: NamelessRow[];
  agents: NamelessRow[];
  clients: NamelessRow[];
  reasons: Usage['reasons'];
}

/** Most rows of a table of an answer. */
const mostRows = 20;

/**
 * Merges the cells of the servers that may be seen.
 * @param parts parts of the span
 */
export function mergeCells(layout: Layout, parts: readonly Cells[], maySee: (server: string) => boolean): Merged {
  const seen = parts.flatMap((cells) => [...cells].filter(([server]) => maySee(server)));
  const [total, slots, servers, tools] = [noCounts(), new Map<string, Counts>(), byName(), byName()];
  const byServer = new Map<string, Map<number, number>>();
  const [people, agents, clients, reasons] = [byName(), byName(), byName(), byName()];
  for (const [server, cells] of seen) {
    addCounts(total, cells.total);
    addUnder(servers, server, cells.total);
    const own = byServer.get(server) ?? new Map<number, number>();
    byServer.set(server, own);
    for (const [slot, counts] of cells.slots) {
      addUnder(slots, String(slot), counts);
      own.set(slot, (own.get(slot) ?? 0) + counts.calls);
    }
    for (const [tool, counts] of cells.tools) addUnder(tools, JSON.stringify([server, tool]), counts);
    addAll(people, cells.people);
    addAll(agents, cells.agents);
    addAll(clients, cells.clients);
    addAll(reasons, cells.reasons);
  }
  return {
    total,
    callers: people.size + agents.size,
    slots: layout.slots.map((slot) => ({
      at: new Date(slot * hourMilliseconds).toISOString(),
      ...shownCounts(slots.get(String(slot)) ?? noCounts()),
    })),
    servers: rowsOf(servers).map((row) => ({
      ...row,
      slots: layout.slots.map((slot) => byServer.get(row.id)?.get(slot) ?? 0),
    })),
    tools: rowsOf(tools).map(toolOf),
    people: rowsOf(people),
    agents: rowsOf(agents),
    clients: rowsOf(clients),
    reasons: [...reasons]
      .map(([reason, { refused }]) => ({ reason, count: refused }))
      .sort((a, b) => b.count - a.count),
  };
}

function byName(): Map<string, Counts> {
  return new Map();
}

function addAll(sums: Map<string, Counts>, more: ServerCells['people']): void {
  for (const [name, counts] of more) addUnder(sums, name, counts);
}

function rowsOf(sums: ReadonlyMap<string, Counts>): NamelessRow[] {
  const rows = [...sums].map(([id, counts]) => ({ id, counts }));
  return rows.sort((a, b) => b.counts.calls - a.counts.calls || (a.id < b.id ? -1 : 1)).slice(0, mostRows);
}

function toolOf({ id, counts }: NamelessRow): NamelessRow {
  const [server, tool] = JSON.parse(id) as [string, string];
  return { id: tool, server, counts };
}
