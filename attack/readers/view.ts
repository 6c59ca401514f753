import type { Reading } from './readers.ts';

/** The lists of results, and the key that names an element. */
const namedBy = {
  tools: 'name',
  prompts: 'name',
  resources: 'uri',
  resourceTemplates: 'uriTemplate',
  tasks: 'taskId',
} as const;

/** One element of a list that a reader sees. */
export interface Item {
  list: keyof typeof namedBy;
  name: string;
}

/** Every element that a reader finds in the lists of these messages' results. */
export function itemsIn({ messages }: Reading): Item[] {
  return messages.flatMap((message) => {
    const result = get(message, 'result');
    return (Object.keys(namedBy) as Item['list'][]).flatMap((list) => {
      const elements = get(result, list);
      if (!Array.isArray(elements)) return [];
      return elements.flatMap((element) => {
        const name = get(element, namedBy[list]);
        return typeof name === 'string' ? [{ list, name }] : [];
      });
    });
  });
}

/** Where the `endpoint` events of a stream lead that do not lead to the gateway's own address for this server. */
export function strayEndpoints({ events }: Reading, server: string): string[] {
  const own = new RegExp(`^/${server}/messages\\?sessionId=[0-9a-f-]{36}$`);
  return events.filter(({ name, data }) => name === 'endpoint' && !own.test(data)).map(({ data }) => data);
}

/** The value of a key. A reader that ignores case keeps all keys in lower case. */
export function get(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const object = value as Record<string, unknown>;
  return object[key] ?? object[key.toLowerCase()];
}
