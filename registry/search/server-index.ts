import type { SearchableServer } from './document.ts';
import { createTextIndex, type TextIndex } from './text-index.ts';
import type { Words } from './words.ts';

/** An index of servers by name, title, description and tags. */
export interface ServerIndex {
  sync(servers: readonly SearchableServer[]): void;
  /** Returns the names of the visible servers that match `text`, best first. */
  search(text: string, isVisible: (server: string) => boolean): string[];
}

type Field = 'name' | 'title' | 'description' | 'tags';

const weights: Readonly<Record<Field, number>> = { name: 4, title: 3, description: 2, tags: 3 };

/** Makes an empty index. Any change rebuilds it: there are few servers, and their texts are short. */
export function createServerIndex(words: Words): ServerIndex {
  let indexed = '';
  let names: readonly string[] = [];
  let index: TextIndex<Field> | undefined;
  return {
    sync(servers) {
      const texts = servers.map(({ server: name, title, description, tags }) => {
        return { name, title, description, tags: tags.join(' ') };
      });
      const key = JSON.stringify(texts);
      if (key === indexed) return;
      const fresh = createTextIndex<Field>({ words, weights, name: 'name' });
      for (const [id, text] of texts.entries()) fresh.add(id, text);
      indexed = key;
      names = texts.map(({ name }) => name);
      index = fresh;
    },
    search: (text, isVisible) =>
      (index?.search(text, (id) => isVisible(names[id] ?? '')) ?? []).flatMap(({ id }) => names[id] ?? []),
  };
}
