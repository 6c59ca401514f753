import { reveal } from '../../../common/text/reveal.ts';
import type { JsonObject } from '../../servers/definition.ts';
import { shortened } from '../shared/format.ts';
import { bounds, type FormBudget, type FormField, type FormPart, isObject, keyword } from './form-part.ts';
import { both, plainSchema } from './plain-schema.ts';

interface Reading {
  root: JsonObject;
  budget: FormBudget;
}

/** What a schema says about a part besides its kind. */
type About = Pick<FormPart, 'description' | 'hints' | 'nullable'>;

const hintKeys =
  'format default pattern minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems'.split(
    ' ',
  );

/**
 * The form for a tool's arguments, from its input schema (JSON Schema 2020-12, MCP 2025-11-25 `Tool.inputSchema`). The schema
 * comes from the server and may be malformed, hostile or huge: depth, width and text are bounded, and each part beyond the
 * bounds, or that no form shows, is of the kind `json`. Pure; never throws.
 * @param schema null if it is not known
 */
export function formOf(schema: JsonObject | null): FormPart {
  if (!schema) return json('The schema of this tool is not known.');
  const reading = { root: schema, budget: { parts: bounds.parts, text: bounds.text } };
  const plain = plainSchema(schema, schema);
  if (typeof plain === 'string') return json(plain);
  const isEmpty = !isObject(keyword(plain, 'properties')) || Object.keys(plain.properties as object).length === 0;
  const open = keyword(plain, 'additionalProperties');
  const hasMore = ['oneOf', 'anyOf', 'required', 'patternProperties'].some((key) => Object.hasOwn(plain, key));
  if (isEmpty && !hasMore && open !== true && !isObject(open))
    return { kind: 'object', fields: [], description: '', hints: [], nullable: false };
  return partOf({ type: 'object', ...plain, description: undefined }, reading, 0);
}

function json(why: string, about: Partial<About> = {}): FormPart {
  return { kind: 'json', why, description: '', hints: [], nullable: false, ...about };
}

function partOf(schema: unknown, reading: Reading, depth: number): FormPart {
  reading.budget.parts -= 1;
  if (reading.budget.parts < 0 || reading.budget.text < 0)
    return json('The schema of this tool is too large for a form.');
  if (!isObject(schema)) return json(schema === false ? 'Nothing is allowed here.' : 'Anything is allowed here.');
  const plain = plainSchema(schema, reading.root);
  if (typeof plain === 'string') return json(plain);
  const about = aboutOf(plain, reading.budget);
  if (depth > bounds.depth) return json('It is nested too deeply for a form.', about);
  return (
    fixed(plain, about) ??
    choice(plain, about, reading.budget) ??
    alternatives(plain, about, reading, depth) ??
    byType(plain, about, reading, depth)
  );
}

function aboutOf(schema: JsonObject, budget: FormBudget): About {
  const take = (text: string) => {
    const shown = budget.text > 0 ? text : '';
    budget.text -= shown.length;
    return shown;
  };
  const [title, description] = [keyword(schema, 'title'), keyword(schema, 'description')].map((text) =>
    typeof text === 'string' ? reveal(text.slice(0, bounds.longestDescription)) : '',
  );
  const hints = hintKeys.flatMap((key) => {
    const value = keyword(schema, key);
    return value === undefined ? [] : [take(`${key}: ${written(value, bounds.longestHint)}`)];
  });
  return { description: take(description || title || ''), hints: hints.filter(Boolean), nullable: false };
}

function written(value: unknown, longest: number): string {
  const text = JSON.stringify(value) ?? '';
  // Cut first: to spell out hidden characters makes a text eight times as long.
  return shortened(reveal(shortened(text, longest)), longest * 2);
}

function fixed(schema: JsonObject, about: About): FormPart | undefined {
  if (!Object.hasOwn(schema, 'const')) return undefined;
  const value = schema.const;
  const label = written(value, bounds.longestValue);
  return JSON.stringify(value).length > bounds.longestValue
    ? json('Its only value is too long for a form.', about)
    : { kind: 'fixed', value, label, ...about };
}

function choice(schema: JsonObject, about: About, budget: FormBudget): FormPart | undefined {
  const values = keyword(schema, 'enum') ?? constants(schema)?.map(({ value }) => value);
  if (!Array.isArray(values) || values.length === 0) return undefined;
  const isLong = values.some((value) => JSON.stringify(value).length > bounds.longestValue);
  if (values.length > bounds.choices || isLong) {
    const hints = [...about.hints, `one of ${values.length.toLocaleString('en')} values`];
    const isText = values.every((value) => typeof value === 'string');
    return isText
      ? { kind: 'text', long: false, concealed: false, ...about, hints }
      : json('It has too many values to choose from.', about);
  }
  const titles = constants(schema)?.map(({ title }) => title);
  const labels = values.map((value, i) => {
    const text = typeof value === 'string' && value !== '' ? reveal(value) : written(value, bounds.longestValue);
    const title = titles?.[i];
    return title && title !== text ? `${text}: ${title}` : text;
  });
  budget.text -= labels.join().length + JSON.stringify(values).length;
  return { kind: 'choice', values, labels, ...about };
}

/** Alternatives that are all constants: names for the values of an enumeration. */
function constants(schema: JsonObject): { value: unknown; title: string }[] | undefined {
  const all = keyword(schema, 'oneOf') ?? keyword(schema, 'anyOf');
  if (!Array.isArray(all) || all.length < 2) return undefined;
  const found = all.flatMap((each: unknown) => {
    if (!isObject(each) || !Object.hasOwn(each, 'const')) return [];
    const title = keyword(each, 'title') ?? keyword(each, 'description');
    const shown = typeof title === 'string' ? reveal(shortened(title, bounds.longestHint)) : '';
    return [{ value: each.const, title: shown }];
  });
  return found.length === all.length ? found : undefined;
}

function alternatives(schema: JsonObject, about: About, reading: Reading, depth: number): FormPart | undefined {
  const { oneOf, anyOf, ...base } = schema;
  const all = Array.isArray(oneOf) ? oneOf : Array.isArray(anyOf) ? anyOf : undefined;
  if (!all) return severalTypes(schema, about, reading, depth);
  if (all.length > bounds.alternatives) return json('It has too many alternatives for a form.', about);
  const options = all.map((each) => (isObject(each) ? plainSchema(each, reading.root) : each));
  // Such as `anyOf: [{required: [id]}, {required: [name]}]`: a rule about the fields, which the server checks.
  const isRule = (each: unknown) => isObject(each) && Object.keys(each).every((key) => key === 'required');
  if (isObject(keyword(base, 'properties')) && options.every(isRule)) return byType(base, about, reading, depth);
  const given = options.filter((each) => !(isObject(each) && keyword(each, 'type') === 'null'));
  const nullable = given.length < options.length;
  return either(
    given.map((each) => (isObject(each) ? both(base, each) : each)),
    { ...about, nullable },
    reading,
    depth,
  );
}

/** `type: [string, integer, null]` */
function severalTypes(schema: JsonObject, about: About, reading: Reading, depth: number): FormPart | undefined {
  const { type, ...base } = schema;
  if (!Array.isArray(type)) return undefined;
  const types = [...new Set(type)].filter((each) => each !== 'null').slice(0, bounds.alternatives);
  const nullable = type.includes('null');
  const options = types.map((each): unknown => ({ ...base, type: each }));
  return either(options, { ...about, nullable }, reading, depth);
}

function either(options: readonly unknown[], about: About, reading: Reading, depth: number): FormPart {
  const [first] = options;
  if (options.length === 0) return { kind: 'fixed', value: null, label: 'null', ...about, nullable: false };
  if (options.length === 1) {
    const part = partOf(first, reading, depth);
    return { ...part, description: part.description || about.description, nullable: about.nullable || part.nullable };
  }
  const parts = options.map((each, i) => ({ label: labelOf(each, i), part: partOf(each, reading, depth + 1) }));
  return { kind: 'either', options: parts, ...about };
}

function labelOf(schema: unknown, i: number): string {
  if (!isObject(schema)) return `alternative ${i + 1}`;
  const [title, type] = [keyword(schema, 'title'), keyword(schema, 'type')];
  const text = typeof title === 'string' && title ? title : typeof type === 'string' ? type : `alternative ${i + 1}`;
  return reveal(shortened(text, bounds.longestHint));
}

function byType(schema: JsonObject, about: About, reading: Reading, depth: number): FormPart {
  const type = keyword(schema, 'type') ?? impliedType(schema);
  if (type === 'string') return textPart(schema, about);
  if (type === 'number' || type === 'integer') return { kind: 'number', whole: type === 'integer', ...about };
  if (type === 'boolean') return { kind: 'boolean', ...about };
  if (type === 'null') return { kind: 'fixed', value: null, label: 'null', ...about };
  if (type === 'array') return listPart(schema, about, reading, depth);
  if (type === 'object') return objectPart(schema, about, reading, depth);
  return json('Anything is allowed here.', about);
}

function impliedType(schema: JsonObject): string | undefined {
  const has = (...keys: string[]) => keys.some((key) => Object.hasOwn(schema, key));
  if (has('properties', 'required')) return 'object';
  if (has('items', 'prefixItems')) return 'array';
  if (has('minLength', 'maxLength', 'pattern', 'format')) return 'string';
  return has('minimum', 'maximum', 'multipleOf') ? 'number' : undefined;
}

const shortest = 200;

function textPart(schema: JsonObject, about: About): FormPart {
  const [format, longest] = [keyword(schema, 'format'), keyword(schema, 'maxLength')];
  const concealed = format === 'password' || keyword(schema, 'writeOnly') === true;
  const isShort = concealed || format !== undefined || (typeof longest === 'number' && longest <= shortest);
  return { kind: 'text', long: !isShort, concealed, ...about };
}

function listPart(schema: JsonObject, about: About, reading: Reading, depth: number): FormPart {
  const items = keyword(schema, 'items');
  if (Object.hasOwn(schema, 'prefixItems') || Array.isArray(items))
    return json('Each place of this list takes something else.', about);
  if (!isObject(items)) return json('A list of anything.', about);
  return { kind: 'list', item: partOf(items, reading, depth + 1), ...about };
}

function objectPart(schema: JsonObject, about: About, reading: Reading, depth: number): FormPart {
  const [properties, required] = [keyword(schema, 'properties'), keyword(schema, 'required')];
  const own = isObject(properties) ? properties : {};
  const needed = new Set(Array.isArray(required) ? required.filter((name) => typeof name === 'string') : []);
  const names = [...new Set([...Object.keys(own), ...needed])];
  if (names.length === 0) return json('An object with any keys.', about);
  if (names.length > bounds.fields || names.some((name) => name.length > bounds.longestName))
    return json('It has too many fields, or names that are too long, for a form.', about);
  // Breadth first would be fairer, but the required fields come first either way.
  names.sort((a, b) => Number(needed.has(b)) - Number(needed.has(a)));
  const fields = names.map((name): FormField => {
    const label = reveal(name);
    reading.budget.text -= name.length + label.length;
    const part = partOf(Object.hasOwn(own, name) ? own[name] : true, reading, depth + 1);
    return { name, label, required: needed.has(name), part };
  });
  return { kind: 'object', fields, ...about };
}
