import { createHash, type Hash } from 'node:crypto';
import { addRest, type ErasedEntry } from '../statement.ts';
import type { Faults } from './fault.ts';
import type { StoredRecord } from './row.ts';

interface State {
  entry: ErasedEntry;
  rest: Hash;
  seen: number;
  erased: number;
}

/** Compares what is left of the erased records of one writer with the statements. Takes its rows by number. */
export function createErasedCheck(name: string, entries: readonly ErasedEntry[], faults: Faults) {
  const states = entries.map((entry): State => ({ entry, rest: createHash('sha256'), seen: 0, erased: 0 }));
  const runs = states.flatMap((state) => state.entry.runs.map(([from, to]) => ({ from, to, state })));
  runs.sort((a, b) => a.from - b.from);
  let next = 0;
  /** Runs that the present number may be in: an erasure that broke off is stated twice. */
  let open: typeof runs = [];
  const finish = ({ entry, rest, seen, erased }: State) => {
    const numbers = entry.runs.reduce((all, [from, to]) => all + to - from + 1, 0);
    // Announced and not carried out; or some are missing, which is a fault of its own.
    if (erased === 0 || seen < numbers) return;
    if (erased === numbers && rest.digest('base64url') === entry.rest) return;
    const [from, to] = [entry.runs[0]?.[0] ?? 0, entry.runs.at(-1)?.[1] ?? 0];
    const which = from === to ? `the erased record ${from}` : `the erased records between ${from} and ${to}`;
    faults.add({ code: 'record_changed', text: `What is left of ${which} was changed.`, writer: name, from, to });
  };
  return {
    /** @returns whether a statement says that this row was erased, and it is */
    row({ number, salt, record }: StoredRecord): boolean {
      for (; (runs[next]?.from ?? Number.POSITIVE_INFINITY) <= number; next++)
        open.push(runs[next] as (typeof runs)[0]);
      if (open.length > 0) open = open.filter(({ to }) => to >= number);
      const isErased = salt === null && typeof record === 'string';
      for (const { state } of open) {
        state.seen++;
        if (!isErased) continue;
        state.erased++;
        addRest(state.rest, record);
      }
      return isErased && open.length > 0;
    },
    end(): void {
      for (const state of states) finish(state);
    },
  };
}
