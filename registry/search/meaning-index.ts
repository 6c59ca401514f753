import { type Embeddings, nearness } from './embeddings.ts';
import type { Hit } from './text-index.ts';
import type { IndexedTool, ToolIndex } from './tool-index.ts';

/** A limit is needed, because every tool has some similarity to every query. */
const mostNear = 50;

/** Makes the index of vectors for the tools of the word index. It finds tools by meaning, when the words differ. */
export function createMeaningIndex(embeddings: Embeddings, tools: ToolIndex) {
  const vectors = new WeakMap<IndexedTool, Float32Array>();
  let busy = false;

  const fillNow = async (): Promise<void> => {
    const missing = [...tools.all()].flatMap(([, tool]) =>
      vectors.has(tool) ? [] : [{ tool, text: meaningOf(tool) }],
    );
    if (missing.length === 0) return;
    await embeddings.prepare(missing.map(({ text }) => text));
    for (const { tool, text } of missing) {
      const vector = embeddings.of(text);
      if (vector) vectors.set(tool, vector);
    }
  };
  return {
    /** Fetches missing vectors in the background, one fetch at a time. */
    fill(): void {
      if (busy) return;
      busy = true;
      void fillNow().finally(() => {
        busy = false;
      });
    },
    /** Returns the tools nearest to a query, nearest first; undefined if the query's vector is not available. */
    async search(text: string, isVisible: (tool: IndexedTool) => boolean): Promise<readonly Hit[] | undefined> {
      const asked = await embeddings.ofQuestion(text);
      if (!asked) return undefined;
      const hits: Hit[] = [];
      for (const [id, tool] of tools.all()) {
        const own = vectors.get(tool);
        if (own && isVisible(tool)) hits.push({ id, score: nearness(asked, own) });
      }
      return hits.sort((a, b) => b.score - a.score).slice(0, mostNear);
    },
  };
}

/** The text of a tool that becomes its vector. */
function meaningOf({ text: { name, title, description, server } }: IndexedTool): string {
  return `${title || name}: ${description} (${name}, ${server})`;
}

/** The constant of the paper (Cormack, Clarke, Büttcher: Reciprocal Rank Fusion, SIGIR 2009). */
const k = 60;

/**
 * Merges ranked lists by reciprocal rank, independent of their scores.
 * @returns scores from 0 to 1; 1 is first in every list
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
