import { reveal } from '../../../common/text/reveal.ts';
import type { JsonObject } from '../../servers/definition.ts';
import type { SelfDescription } from '../../servers/self-description.ts';

const most = 200;
const longestText = 300;
const longestDescription = 2_000;
const mostArguments = 20;

/**
 * What a server offers besides tools, with the arguments of a prompt, or type and size of a resource, in `more`. Invisible
 * characters are spelled out.
 */
export function offersOf(announced: SelfDescription | null | undefined) {
  const read = (items: readonly JsonObject[] | undefined, key: string, more: (item: JsonObject) => string[]) =>
    (items ?? []).slice(0, most).map((item) => ({ ...about(item, key), more: more(item) }));
  return {
    prompts: read(announced?.prompts, 'name', argumentsOf),
    resources: read(announced?.resources, 'uri', kindOf),
    templates: read(announced?.resourceTemplates, 'uriTemplate', kindOf),
  };
}

function about(item: JsonObject, key: string) {
  const title = textOf(item.title) || (key === 'name' ? '' : textOf(item.name));
  return { name: textOf(item[key]), title, description: textOf(item.description, longestDescription) };
}

function argumentsOf({ arguments: all }: JsonObject): string[] {
  if (!Array.isArray(all)) return [];
  return all.slice(0, mostArguments).flatMap((each: unknown) => {
    const { name, required } = (each ?? {}) as JsonObject;
    return typeof name === 'string' ? [`${textOf(name)}${required === true ? '' : ' (optional)'}`] : [];
  });
}

function kindOf({ mimeType, size }: JsonObject): string[] {
  return [textOf(mimeType), typeof size === 'number' ? `${size} bytes` : ''].filter(Boolean);
}

function textOf(value: unknown, longest = longestText): string {
  return typeof value === 'string' ? reveal(value.slice(0, longest)).slice(0, longest) : '';
}
