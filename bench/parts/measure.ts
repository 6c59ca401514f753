import { type Cost, measureCalls } from '../calls/measure.ts';
import { allCalls, type Bench, withBench } from '../calls/ways.ts';
import type { Figure } from './figure.ts';
import { measureHubMemory } from './hub-memory.ts';
import { measurePauses } from './pauses.ts';
import { measureStart } from './start.ts';
import { measureTokens } from './tokens.ts';

interface Measured {
  costs: Cost[];
  figures: Figure[];
}
type Measure = (isQuick: boolean, bench: Bench) => Promise<Partial<Measured>>;

/** Parts that share a gateway. They are measured if no other is asked for. */
const usual = {
  calls: async (isQuick, bench) => {
    const costs: Cost[] = [];
    for (const some of isQuick ? allCalls.slice(0, 1) : allCalls)
      for (const connections of isQuick ? [32] : [1, 32])
        costs.push(...(await callsOf(bench, some, connections, isQuick ? 2 : 3)));
    return { costs };
  },
  start: async (isQuick, { stack }) => ({ figures: await measureStart(stack, isQuick) }),
  pauses: async (isQuick, { stack }) => ({ figures: await measurePauses(stack, isQuick) }),
  tokens: async (isQuick, { stack }) => ({ figures: await measureTokens(stack, isQuick) }),
} satisfies Record<string, Measure>;

export const usualParts = Object.keys(usual) as (keyof typeof usual)[];
/** All parts, in the order in which they are measured. */
export const parts = [...usualParts, 'hub-memory'] as const;
export type PartName = (typeof parts)[number];

/** Measures parts, one after another. @param isQuick with fewer rounds */
export async function measure(asked: readonly PartName[], isQuick: boolean): Promise<Measured> {
  const all: Measured = { costs: [], figures: [] };
  const add = async (name: PartName, part: Promise<Partial<Measured>>) => {
    const began = performance.now();
    const { costs = [], figures = [] } = await part;
    all.costs.push(...costs);
    all.figures.push(...figures);
    process.stderr.write(`${name}: measured in ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  };
  const shared = usualParts.filter((name) => asked.includes(name));
  if (shared.length > 0)
    await withBench(async (bench) => {
      for (const name of shared) await add(name, usual[name](isQuick, bench));
    });
  if (asked.includes('hub-memory')) await add('hub-memory', ofHub(isQuick));
  return all;
}

const ofHub = async (isQuick: boolean) => ({ figures: await measureHubMemory(isQuick) });

/** Measures calls of each way beside the plain nginx and the least gate, whose figures are those beside the first way. */
async function callsOf(
  { way }: Bench,
  { base, floor, ways }: (typeof allCalls)[number],
  connections: number,
  rounds: number,
): Promise<Cost[]> {
  const simple = { base: await way(...base), floor: await way(...floor) };
  const costs: Cost[] = [];
  for (const which of ways) {
    const one = await measureCalls({ ...simple, way: await way(...which) }, connections, { rounds });
    if (costs.length === 0 && one.floor) costs.push(one.base, one.floor);
    costs.push(one.way);
  }
  return costs;
}
