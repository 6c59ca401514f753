import { reveal } from '../../../common/text/reveal.ts';
import type { JsonObject } from '../../servers/definition.ts';
import { shortened } from '../shared/format.ts';

const mostArguments = 100;
const longestText = 2_000;
/** Further keywords of the schema that the page shows, such as `default: 10`. */
const keywords = 'default format pattern minimum maximum minLength maxLength minItems maxItems'.split(' ');

/** The top-level properties of a tool's input schema (JSON Schema 2020-12). The schema may be malformed. */
export function argumentsOf(schema: JsonObject | null) {
  const { properties, required } = schema ?? {};
  if (!isObject(properties)) return [];
  const needed: ReadonlySet<unknown> = new Set(Array.isArray(required) ? required : []);
  return Object.entries(properties)
    .slice(0, mostArguments)
    .map(([name, property]) => {
      const about = isObject(property) ? property : {};
      const limits = keywords.filter((key) => about[key] !== undefined).map((key) => `${key}: ${short(about[key])}`);
      const description = typeof about.description === 'string' ? reveal(about.description).slice(0, longestText) : '';
      return {
        name: reveal(name),
        type: typeOf(property, { left: mostTypes }),
        required: needed.has(name),
        description,
        limits,
      };
    });
}

/** How long the arguments are as text of a page. */
export function textLength(args: ReturnType<typeof argumentsOf>): number {
  const row = 60;
  return args.reduce((sum, { name, type, description, limits }) => {
    return sum + row + name.length + type.length + description.length + limits.join().length;
  }, 0);
}

/** How many schemas of a union are read for the type of one argument. */
const mostTypes = 30;

function typeOf(schema: unknown, types: { left: number }): string {
  types.left -= 1;
  if (!isObject(schema) || types.left < 0) return 'anything';
  const { type, items, enum: values, const: value, anyOf, oneOf, $ref } = schema;
  if (Array.isArray(values)) return values.slice(0, 12).map(short).join(' | ');
  if (value !== undefined) return short(value);
  const choices = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : undefined;
  if (choices) return [...new Set(choices.slice(0, 12).map((each) => typeOf(each, types)))].join(' | ');
  if (type === 'array' && isObject(items)) return `array of ${typeOf(items, types)}`;
  if (Array.isArray(type)) return type.map(String).slice(0, 12).map(reveal).join(' | ');
  if (typeof type === 'string') return reveal(type).slice(0, 80);
  return typeof $ref === 'string' ? reveal($ref.split('/').at(-1) ?? '').slice(0, 80) : 'anything';
}

function short(value: unknown): string {
  return shortened(reveal(JSON.stringify(value) ?? ''), 120);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
