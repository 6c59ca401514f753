import type { Hit } from './text-index.ts';

/** As the paper has it (Cormack, Clarke, Büttcher: Reciprocal Rank Fusion, SIGIR 2009). */
const k = 60;

/**
 * One list of several that are each in order: what stands high in more of them comes first, whatever their scores mean.
 * @returns scores from 0 to 1; 1 is what is first in all of them
 */
export function fuse(lists: readonly (readonly Pick<Hit, 'id'>[])[]): Hit[] {
  const scores = new Map<number, number>();
  for (const list of lists) {
    list.forEach(({ id }, at) => {
      scores.set(id, (scores.get(id) ?? 0) + (k + 1) / (k + 1 + at) / lists.length);
    });
  }
  return [...scores].map(([id, score]) => ({ id, score })).sort((a, b) => b.score - a.score);
}
