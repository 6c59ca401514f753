import * as z from 'zod';
import { tagsIn } from './original.ts';

const fields = ['tags', 'keywords', 'categories'] as const;
const block = z.looseObject({});
const list = z.union([z.array(z.string()), z.string()]);

/**
 * Tags of a `server.json`, which has no field for them: registries write them beside its fields, or into `_meta`.
 * @param places the `server.json`, and the answer of the registry that wraps it
 * @returns undefined if there are none
 */
export function publishedTags(places: readonly unknown[]): string[] | undefined {
  const objects = places.flatMap((place) => {
    const { _meta: meta, ...own } = block.safeParse(place).data ?? {};
    return [own, ...Object.values(block.safeParse(meta).data ?? {})];
  });
  const tags = objects.flatMap((object) => {
    const all = block.safeParse(object).data ?? {};
    return fields.flatMap((field) => tagsIn(list.safeParse(all[field]).data ?? []));
  });
  return tags.length > 0 ? tagsIn(tags) : undefined;
}
