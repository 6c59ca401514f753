import type { SearchableServer } from './document.ts';
import { createTextIndex, type TextIndex } from './text-index.ts';
import type { Words } from './words.ts';

const weights = { name: 4, title: 3, description: 2, tags: 3 };
type Field = keyof typeof weights;

/** Makes an empty index of servers by name, title, description and tags. Any change rebuilds it: there are few servers, and their texts are short. */
export function createServerIndex(words: Words) {
  let indexed = '';
  let names: readonly string[] = [];
  let index: TextIndex<Field> | undefined;
  return {
    sync(servers: readonly SearchableServer[]): void {
      const texts = servers.map(({ server: name, title, description, tags }) => {
        return { name, title, description, tags: tags.join(' ') };
      });
      const key = JSON.stringify(texts);
      if (key === indexed) return;
      const fresh = createTextIndex<Field>(words, weights, 'name');
      for (const [id, text] of texts.entries()) fresh.add(id, text);
      indexed = key;
      names = texts.map(({ name }) => name);
      index = fresh;
    },
    /** Returns the names of the visible servers that match `text`, best first. */
    search: (text: string, isVisible: (server: string) => boolean): string[] =>
      (index?.search(text, (id) => isVisible(names[id] ?? '')) ?? []).flatMap(({ id }) => names[id] ?? []),
  };
}
