import { coerce, flat, type JsonSchema, typeOf } from '../json-schema.ts';
import { type Entity, type Kind, without } from './entities.ts';
import { type Explicit, explicitValue } from './explicit.ts';
import { wordsOf } from './words.ts';

/** An argument that the tool needs and the message does not have. */
export interface Missing {
  /** Where it belongs: `profile.email`. */
  path: readonly string[];
  schema: JsonSchema;
  /** What the message may mean, if it means one of several. */
  choices?: readonly string[] | undefined;
}

/** What of a tool's arguments a message holds. */
export interface Filled {
  args: Record<string, unknown>;
  missing: Missing[];
  /** What of the message became an argument. */
  used: ReadonlySet<Entity>;
  /** Words of the message that named an argument or one of its values. */
  words: ReadonlySet<string>;
}

/** A message as the arguments are taken from it. */
export interface Material {
  message: string;
  entities: readonly Entity[];
  explicit: Explicit;
  /** Names of servers that the caller may see. */
  servers: readonly string[];
}

interface State extends Material {
  used: Set<Entity>;
  words: Set<string>;
  missing: Missing[];
  /** The words of the message in order, without what is a value by itself. */
  spoken: readonly string[];
}

/**
 * Takes a tool's arguments from a message. Nothing is guessed: a value has to be of the kind that the argument asks for, and
 * what has a default or may be left out is left to the tool.
 */
export function fill(schema: JsonSchema, material: Material): Filled {
  const state: State = {
    ...material,
    used: new Set(),
    words: new Set(),
    missing: [],
    // Not the "days" of "the last 7 days".
    spoken: wordsOf(without(material.explicit.rest, material.entities)),
  };
  const args = fillObject(flat(schema), [], state);
  return { args, missing: state.missing, used: state.used, words: state.words };
}

function fillObject(schema: JsonSchema, path: readonly string[], state: State): Record<string, unknown> {
  const properties = Object.entries(schema.properties ?? {}).map(
    ([name, own]): Property => ({ name, path: [...path, name], schema: flat(own) }),
  );
  const needs = ({ name, schema: own }: Property) =>
    schema.required?.includes(name) === true && own.default === undefined;
  const values = new Map<string, unknown>();
  for (const step of [byName, byRole, byKind]) {
    for (const property of properties) {
      const value = values.has(property.name) ? undefined : step(property, state);
      if (value !== undefined) values.set(property.name, value);
    }
  }
  const open = () => properties.filter(({ name }) => !values.has(name));
  fillNumbers(open().filter(needs), values, state);
  for (const property of open()) fillRest(property, needs(property), values, state);
  return Object.fromEntries(properties.flatMap(({ name }) => (values.has(name) ? [[name, values.get(name)]] : [])));
}

/** As many numbers as arguments that need one: then their order says which is which. */
function fillNumbers(needed: readonly Property[], values: Map<string, unknown>, state: State): void {
  const numeric = needed.filter(({ schema }) => ['number', 'integer'].includes(typeOf(schema)) && !schema.enum);
  const numbers = free(state, 'number');
  if (numeric.length !== numbers.length) return;
  for (const [index, { name, schema }] of numeric.entries()) {
    const value = claim(numbers[index], schema, state);
    if (value !== undefined) values.set(name, value);
  }
}

/** Objects within objects, and what is missing. An object that may be left out is, unless the message fills some of it. */
function fillRest({ name, path, schema }: Property, needed: boolean, values: Map<string, unknown>, state: State): void {
  if (typeOf(schema) === 'object' && schema.properties) {
    const before = state.missing.length;
    const nested = fillObject(schema, path, state);
    if (needed || Object.keys(nested).length > 0) values.set(name, nested);
    else state.missing.length = before;
    return;
  }
  // "In the United States" must not become the default's New York.
  const unclear = unclearOne(name, schema, state);
  if (unclear) state.used.add(unclear);
  if (needed || unclear) state.missing.push({ path, schema, choices: unclear?.choices });
}

interface Property {
  name: string;
  path: readonly string[];
  schema: JsonSchema;
}

/** What is written with its name, and values that the schema or the words around them name. */
function byName({ name, path, schema }: Property, state: State): unknown {
  const explicit = explicitValue(state.explicit, name, path.join('.'), schema);
  if (explicit !== undefined) return explicit;
  if (schema.enum) return enumValue(schema.enum, state);
  const type = typeOf(schema);
  if (type === 'boolean') return booleanValue(name, state);
  if (type === 'number' || type === 'integer') return numberBeside(name, schema, state);
  return type === 'array' ? listBeside(name, schema, state) : undefined;
}

/** The end of a range goes to the argument that is one. */
function byRole({ name, schema }: Property, state: State): unknown {
  const role = roleOf(name);
  const kind = kindOf(name, schema);
  if (!role || !kind) return undefined;
  return claim(
    free(state, kind).find((entity) => entity.role === role),
    schema,
    state,
  );
}

/** What is left goes by its kind, in the order of the message. */
function byKind({ name, schema }: Property, state: State): unknown {
  const type = typeOf(schema);
  if (type === 'string' && /\b(server|service)\b/.test(name.replaceAll('_', ' '))) return serverValue(state);
  const kind = kindOf(name, schema);
  if (!kind) return undefined;
  const role = roleOf(name);
  const fitting = free(state, kind).filter((entity) => !role || !entity.role || entity.role === role);
  if (kind === 'time') return timeValue(fitting[0], schema, state);
  return claim(fitting[0], schema, state);
}

function free(state: State, kind: Kind): Entity[] {
  const alike = kind === 'date' ? ['date', 'datetime'] : [kind];
  return state.entities.filter((entity) => alike.includes(entity.kind) && !state.used.has(entity));
}

function claim(entity: Entity | undefined, schema: JsonSchema, state: State): unknown {
  if (!entity || entity.choices) return undefined;
  const value = coerce(entity.value, { ...schema, enum: undefined });
  if (value !== undefined) state.used.add(entity);
  return value;
}

/** A day that stands in the message belongs to its time, where the argument takes both. */
function timeValue(entity: Entity | undefined, schema: JsonSchema, state: State): unknown {
  const both = free(state, 'date').find(({ kind }) => kind === 'datetime');
  if (both) return claim(both, schema, state);
  const day = free(state, 'date')[0];
  const takesDay = schema.format === 'date-time' || /\d{4}-\d\d-\d\dT/.test(schema.description ?? '');
  const value = claim(entity, schema, state);
  if (!day || !takesDay || typeof value !== 'string') return value;
  state.used.add(day);
  return `${day.value}T${value}`;
}

function kindOf(name: string, schema: JsonSchema): Kind | undefined {
  const type = typeOf(schema);
  if (type !== 'string' || schema.enum) return undefined;
  const label = name
    .replace(/[_-]/g, ' ')
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase();
  const about = (schema.description ?? '').toLowerCase();
  const { format = '' } = schema;
  const kinds: [Kind, boolean][] = [
    ['email', format === 'email' || /\be-?mail\b/.test(label)],
    ['url', format === 'uri' || format === 'url' || /\b(url|uri|link|href)\b/.test(label)],
    ['zone', /\b(tz|time ?zone|zone)\b/.test(label) || /\biana\b/.test(about)],
    ['time', format === 'time' || (/\btime\b/.test(label) && /clock|\d\d:\d\d|local time/.test(about))],
    [
      'date',
      /^date/.test(format) ||
        /\b(date|day)\b/.test(label) ||
        (roleOf(name) !== undefined && /\b(date|day|yyyy)/.test(about)),
    ],
    ['ticker', /\b(ticker|symbol)\b/.test(label)],
    ['quoted', true],
  ];
  return kinds.find(([, fits]) => fits)?.[0];
}

function roleOf(name: string): 'from' | 'to' | undefined {
  const words = wordsOf(name);
  if (words.some((word) => ['from', 'start', 'since', 'begin', 'source', 'origin'].includes(word))) return 'from';
  return words.some((word) => ['to', 'end', 'until', 'till', 'target', 'destination'].includes(word))
    ? 'to'
    : undefined;
}

function enumValue(choices: readonly unknown[], state: State): unknown {
  const said = choices.filter((choice) => {
    const words = wordsOf(String(choice));
    return words.length > 0 && words.every((word) => state.spoken.includes(word));
  });
  if (said.length !== 1) return undefined;
  for (const word of wordsOf(String(said[0]))) state.words.add(word);
  return said[0];
}

function booleanValue(name: string, state: State): boolean | undefined {
  const words = wordsOf(name).filter((word) => !['is', 'has', 'enable', 'include', 'use', 'allow'].includes(word));
  const at = state.spoken.findIndex((_, index) => words.every((word, more) => state.spoken[index + more] === word));
  const negated = words.length === 1 && state.spoken.includes(`un${words[0]}`);
  if (words.length === 0 || (at < 0 && !negated)) return undefined;
  for (const word of words) state.words.add(word);
  if (negated) state.words.add(`un${words[0]}`);
  return !negated && !['not', 'without', 'no', 'dont'].includes(state.spoken[at - 1] ?? '');
}

/** "energy level 3", "5 records": a number beside a word of its argument's name. */
function numberBeside(name: string, schema: JsonSchema, state: State): unknown {
  const own = wordsOf(name).filter((word) => !['count', 'number', 'num', 'of', 'max', 'min'].includes(word));
  for (const entity of free(state, 'number')) {
    const before = wordsOf(state.message.slice(0, entity.start)).slice(-2);
    const after = wordsOf(state.message.slice(entity.end)).slice(0, 1);
    const beside = [...before, ...after].filter(
      (word) => own.includes(word) || (own.length === 0 && /^(limit|count|max)$/.test(word)),
    );
    const value = beside.length > 0 ? claim(entity, schema, state) : undefined;
    if (value === undefined) continue;
    for (const word of beside) state.words.add(word);
    return value;
  }
  return undefined;
}

/** "the patterns alpha, beta and gamma": the words after the last word of the argument's name. */
function listBeside(name: string, schema: JsonSchema, state: State): unknown {
  const noun = wordsOf(name).at(-1);
  const item = `[\\p{L}\\d][\\p{L}\\d_-]*`;
  const after = new RegExp(`(${item})[ :]+(${item}(?:(?:\\s*,\\s*(?:and\\s+)?|\\s+and\\s+)${item})*)`, 'gu');
  for (let match = after.exec(state.message); match; match = after.exec(state.message)) {
    after.lastIndex = match.index + (match[1]?.length ?? 1);
    if (!noun || wordsOf(match[1] ?? '').at(-1) !== noun) continue;
    // "The pattern synthesizer" is no list, "the patterns alpha" is.
    if (!/s$/i.test(match[1] ?? '') && !/,|\sand\s/.test(match[2] ?? '')) continue;
    const items = (match[2] ?? '').split(/\s*,\s*(?:and\s+)?|\s+and\s+/u);
    const values = items.map((text) => coerce(text, { type: 'string', ...schema.items }));
    if (values.includes(undefined)) return undefined;
    for (const word of [noun, ...items.flatMap(wordsOf)]) state.words.add(word);
    return values;
  }
  return undefined;
}

function serverValue(state: State): string | undefined {
  const named = state.servers.filter((server) => new RegExp(`(?<![\\w-])${server}(?![\\w-])`, 'i').test(state.message));
  if (named.length !== 1 || !named[0]) return undefined;
  for (const word of wordsOf(named[0])) state.words.add(word);
  return named[0];
}

function unclearOne(name: string, schema: JsonSchema, state: State): Entity | undefined {
  const kind = kindOf(name, schema);
  return kind && free(state, kind).find(({ choices }) => choices);
}
