import { type Embeddings, nearness } from './embeddings.ts';
import type { Hit } from './text-index.ts';
import type { IndexedTool, ToolIndex } from './tool-index.ts';

/** Finds tools by what they mean, where their words are others. */
export interface MeaningIndex {
  /** Has the vectors of tools fetched that have none yet, in the background; one fetch at a time. */
  fill(): void;
  /** The tools nearest to a question, the nearest first; undefined when its vector cannot be had. */
  search(text: string, isVisible: (tool: IndexedTool) => boolean): Promise<readonly Hit[] | undefined>;
}

/** No more than this: everything is near to everything to some degree. */
const mostNear = 50;

/** Makes the index of vectors beside the index of words. */
export function createMeaningIndex(embeddings: Embeddings, tools: ToolIndex): MeaningIndex {
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
    fill() {
      if (busy) return;
      busy = true;
      void fillNow().finally(() => {
        busy = false;
      });
    },
    async search(text, isVisible) {
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

/** What of a tool is turned into a vector. */
function meaningOf({ text: { name, title, description, server } }: IndexedTool): string {
  return `${title || name}: ${description} (${name}, ${server})`;
}
