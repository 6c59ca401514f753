import { dimensions } from '../../store/sum-tables.ts';
import { addUnder, type Counts } from './counts.ts';
import type { CountedRow } from './rows.ts';
import { other, provesServer, type SumKey } from './sum-key.ts';

/** Sums of some decisions. */
export interface Sums {
  add(row: CountedRow): void;
  /** @param isKnown whether a server is known from before: one that nothing else shows to exist counts as `other` */
  all(isKnown: (server: string) => boolean): { key: SumKey; counts: Counts }[];
}

/** Most sums of an hour. A caller who invents names would have more; what they add counts under the server `other`. */
const mostSums = 50_000;

export function createSums(): Sums {
  const sums = new Map<string, Counts>();
  const proven = new Set<string>();
  return {
    add({ key, counts }) {
      if (provesServer(key)) proven.add(key.server);
      const text = textOf(key);
      addUnder(sums, sums.size < mostSums || sums.has(text) ? text : textOf(withoutNames(key)), counts);
    },
    all(isKnown) {
      const known = (server: string) => proven.has(server) || isKnown(server);
      const folded = new Map<string, Counts>();
      for (const [text, counts] of sums) {
        const key = keyOf(text);
        addUnder(folded, known(key.server) ? text : textOf(withoutNames(key)), counts);
      }
      return [...folded].map(([text, counts]) => ({ key: keyOf(text), counts }));
    },
  };
}

function withoutNames(key: SumKey): SumKey {
  return { ...key, server: other, object: key.object && other };
}

function textOf(key: SumKey): string {
  return JSON.stringify(dimensions.map((name) => key[name]));
}

function keyOf(text: string): SumKey {
  const parts = JSON.parse(text) as string[];
  return Object.fromEntries(dimensions.map((name, index) => [name, parts[index] ?? ''])) as SumKey;
}
