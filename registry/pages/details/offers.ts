import { reveal } from '../../pins/reveal.ts';
import type { JsonObject } from '../../servers/definition.ts';
import type { SelfDescription } from '../../servers/self-description.ts';

/** A prompt or a resource as the page shows it. */
interface Offer {
  name: string;
  title: string;
  description: string;
  /** Arguments of a prompt, type and size of a resource. */
  more: readonly string[];
}

export interface Offers {
  prompts: readonly Offer[];
  resources: readonly Offer[];
  templates: readonly Offer[];
}

const most = 200;

/** What a server offers besides tools. Invisible characters are spelled out. */
export function offersOf(announced: SelfDescription | null | undefined): Offers {
  const read = (items: readonly JsonObject[] | undefined, key: string, more: (item: JsonObject) => string[]) =>
    (items ?? []).slice(0, most).map((item) => ({ ...about(item, key), more: more(item) }));
  return {
    prompts: read(announced?.prompts, 'name', argumentsOf),
    resources: read(announced?.resources, 'uri', kindOf),
    templates: read(announced?.resourceTemplates, 'uriTemplate', kindOf),
  };
}

function about(item: JsonObject, key: string): Omit<Offer, 'more'> {
  const title = textOf(item.title) || (key === 'name' ? '' : textOf(item.name));
  return { name: textOf(item[key]), title, description: textOf(item.description) };
}

function argumentsOf({ arguments: all }: JsonObject): string[] {
  if (!Array.isArray(all)) return [];
  return all.slice(0, 50).flatMap((each: unknown) => {
    const { name, required } = (each ?? {}) as JsonObject;
    return typeof name === 'string' ? [`${textOf(name)}${required === true ? '' : ' (optional)'}`] : [];
  });
}

function kindOf({ mimeType, size }: JsonObject): string[] {
  return [textOf(mimeType), typeof size === 'number' ? `${size} bytes` : ''].filter(Boolean);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? reveal(value).slice(0, 4_000) : '';
}
