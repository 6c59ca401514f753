import type { SearchableServer } from './document.ts';
import { createTextIndex } from './text-index.ts';
import type { Words } from './words.ts';

/** An index of servers by name, title, description and tags. */
export interface ServerIndex {
  sync(servers: readonly SearchableServer[]): void;
  /** Returns the names of the visible servers that match `text`, best first. */
  search(text: string, isVisible: (server: string) => boolean): string[];
}

interface ServerText {
  name: string;
  title: string;
  description: string;
  tags: string;
}

const weights: Readonly<Record<keyof ServerText, number>> = { name: 4, title: 3, description: 2, tags: 3 };

/** Makes an empty index. */
export function createServerIndex(words: Words): ServerIndex {
  const index = createTextIndex<keyof ServerText>({ words, weights, name: 'name' });
  const known = new Map<string, { id: number; seen: string }>();
  const names = new Map<number, string>();
  let nextId = 1;

  const forget = (server: string): void => {
    const id = known.get(server)?.id;
    if (id === undefined) return;
    index.remove([id]);
    names.delete(id);
    known.delete(server);
  };
  return {
    sync(servers) {
      const present = new Set(servers.map(({ server }) => server));
      for (const server of [...known.keys()]) if (!present.has(server)) forget(server);
      for (const { server, title, description, tags } of servers) {
        const text: ServerText = { name: server, title, description, tags: tags.join(' ') };
        const seen = JSON.stringify(text);
        if (known.get(server)?.seen === seen) continue;
        forget(server);
        index.add(nextId, text);
        known.set(server, { id: nextId, seen });
        names.set(nextId, server);
        nextId += 1;
      }
    },
    search: (text, isVisible) =>
      index
        .search(text, (id) => {
          const name = names.get(id);
          return name !== undefined && isVisible(name);
        })
        .flatMap(({ id }) => names.get(id) ?? []),
  };
}
