import { type Cost, measureCalls } from '../calls/measure.ts';
import { type Bench, largeCalls, smallCalls, type Way, withBench } from '../calls/ways.ts';
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
  calls: async (isQuick, bench) => ({
    costs: await callsOf(bench, smallCalls, isQuick ? [32] : [1, 32], isQuick ? 2 : 4),
  }),
  sizes: async (isQuick, bench) => ({ costs: isQuick ? [] : await callsOf(bench, largeCalls, [1, 32], 3) }),
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

/** @param groups of ways, each with the plain nginx before it */
async function callsOf(
  { way }: Bench,
  groups: typeof smallCalls,
  connections: readonly number[],
  rounds: number,
): Promise<Cost[]> {
  // The plain nginx is one way, however many groups it stands in.
  const known = new Map<string, Way>();
  for (const which of groups.flat()) if (!known.has(which.join())) known.set(which.join(), await way(...which));
  const made = groups.map((group) => group.map((which) => known.get(which.join()) as Way));
  const costs: Cost[] = [];
  for (const [i, count] of connections.entries())
    costs.push(...(await measureCalls(made, count, { rounds, warmUps: i === 0 ? 1 : 0 })));
  return costs;
}
