import { isUnusable, type ToolInfo } from '../servers/tool.ts';
import { type SearchableServer, type ToolText, textOf } from './document.ts';
import { createTextIndex, type Hit } from './text-index.ts';
import { createVocabulary } from './vocabulary.ts';
import type { Words } from './words.ts';

/** A tool in the index. */
export interface IndexedTool {
  server: string;
  tool: ToolInfo;
  text: ToolText;
}

export type ToolIndex = ReturnType<typeof createToolIndex>;

/**
 * Name, title and server say most about a tool, then its description, then its arguments. Tuned by
 * `npm run bench:search` with its questions for tuning.
 */
const weights = { name: 2.5, title: 2.5, description: 2, args: 0.7, server: 2.5 };
/** Characters of descriptions and arguments that are indexed for one server. */
const mostCharacters = 500_000;
/** How long the index may block other work, in milliseconds. */
const turn = 8;

/** Makes an empty index of the tools of all servers. */
export function createToolIndex(words: Words) {
  const index = createTextIndex<keyof ToolText>(words, weights, 'name');
  const known = new Map<string, { seen: SearchableServer; ids: readonly number[] }>();
  const live = new Map<number, IndexedTool>();
  let nextId = 1;
  let running: Promise<void> = Promise.resolve();

  const add = async (seen: SearchableServer, rest: () => Promise<void>): Promise<void> => {
    const before = known.get(seen.server);
    const added = new Map<number, IndexedTool>();
    const wordsOf = createVocabulary();
    let left = mostCharacters;
    for (const tool of seen.tools) {
      if (isUnusable(tool)) continue;
      const text = textOf(seen, tool, left);
      left -= text.description.length + text.args.length;
      index.add(nextId, text, wordsOf());
      added.set(nextId, { server: seen.server, tool, text });
      nextId += 1;
      await rest();
    }
    for (const id of before?.ids ?? []) live.delete(id);
    for (const [id, tool] of added) live.set(id, tool);
    known.set(seen.server, { seen, ids: [...added.keys()] });
    if (before) index.remove(before.ids);
  };
  const forget = (server: string): void => {
    const ids = known.get(server)?.ids ?? [];
    for (const id of ids) live.delete(id);
    known.delete(server);
    index.remove(ids);
  };
  const inStep = async (servers: readonly SearchableServer[]): Promise<void> => {
    const rest = resting(turn);
    const present = new Set(servers.map(({ server }) => server));
    for (const server of [...known.keys()]) if (!present.has(server)) forget(server);
    for (const server of servers) {
      const before = known.get(server.server);
      // Health checks create new objects with the same content.
      if (before && isSame(before.seen, server)) known.set(server.server, { ...before, seen: server });
      else await add(server, rest);
    }
  };
  const isIdle = (servers: readonly SearchableServer[]) =>
    servers.length === known.size &&
    servers.every((server) => {
      const before = known.get(server.server);
      return before !== undefined && isUnchanged(before.seen, server);
    });

  return {
    /**
     * Updates the index; servers that have not changed cost nothing. It yields to other work at short intervals. A server's
     * old tools are found until all its new ones are in the index.
     */
    sync(servers: readonly SearchableServer[]): Promise<void> {
      if (isIdle(servers)) return running;
      const run = running.then(() => inStep(servers));
      running = run.catch(() => undefined);
      return run;
    },
    search: (text: string, isVisible: (tool: IndexedTool) => boolean): Hit[] =>
      index.search(text, (id) => {
        const found = live.get(id);
        return found !== undefined && isVisible(found);
      }),
    get: (id: number) => live.get(id),
    all: (): Iterable<[id: number, tool: IndexedTool]> => live,
  };
}

/** Compares by identity, not by content. */
function isUnchanged(a: SearchableServer, b: SearchableServer): boolean {
  return a.title === b.title && a.description === b.description && a.tags === b.tags && a.tools === b.tools;
}

function isSame(a: SearchableServer, b: SearchableServer): boolean {
  return isUnchanged(a, b) || JSON.stringify(a) === JSON.stringify(b);
}

/** Returns a function that yields to other work if `ms` have passed since the last time. */
function resting(ms: number): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < ms) return;
    await new Promise((resolve) => setImmediate(resolve));
    since = performance.now();
  };
}
