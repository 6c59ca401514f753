import { parseJson } from '../../common/text/json.ts';
import { type CommandError, usageError } from '../lib/failure.ts';

/** A tool's arguments by name. */
export type ToolArguments = Record<string, unknown>;

/** Arguments as written, before the tool's types are known. */
export interface WrittenArguments {
  /** Typed values: from JSON, or written as `name:=json`. */
  values: ToolArguments;
  /** Written as `name=text`. */
  texts: Record<string, string>;
}

/**
 * Reads arguments from the command line: `--args JSON`, a JSON object as a word, `name=text` and `name:=json`. A later
 * one replaces an earlier one.
 * @throws {CommandError} usage, naming the word
 */
export function readArguments(words: readonly string[], json: string | undefined): WrittenArguments {
  const read: WrittenArguments = { values: {}, texts: {} };
  if (json !== undefined) Object.assign(read.values, objectOf(json, '--args'));
  for (const word of words) {
    const [, name = '', sign, text = ''] = /^([^={}"':\s]+)(:?=)(.*)$/s.exec(word) ?? [];
    if (word.trimStart().startsWith('{')) Object.assign(read.values, objectOf(word, 'The arguments'));
    else if (sign === ':=') read.values[name] = parsedJson(text, name);
    else if (sign === '=') read.texts[name] = text;
    else throw usage(`"${word}" is not an argument.`);
  }
  return read;
}

/**
 * Converts arguments written as text to the types of the tool's schema: numbers, booleans, JSON for lists and objects.
 * Arguments that the schema does not name stay text.
 * @param schema the tool's input schema; undefined if it is unknown
 * @throws {CommandError} usage: a text that does not fit its type
 */
export function typedArguments({ values, texts }: WrittenArguments, schema: unknown): ToolArguments {
  const typed = Object.entries(texts).map(([name, text]) => [name, typedText(name, text, typeOf(schema, name))]);
  return { ...values, ...Object.fromEntries(typed) };
}

function typedText(name: string, text: string, type: string | undefined): unknown {
  if (type === 'number' || type === 'integer') {
    const number = Number(text);
    if (text.trim() !== '' && Number.isFinite(number) && (type === 'number' || Number.isInteger(number))) return number;
    throw usage(`${name} must be ${type === 'integer' ? 'a whole number' : 'a number'}, not "${text}".`);
  }
  if (type === 'boolean') {
    if (text === 'true' || text === 'false') return text === 'true';
    throw usage(`${name} must be true or false.`);
  }
  if (type === 'array' || type === 'object') return parsedJson(text, name);
  return text;
}

function typeOf(schema: unknown, name: string): string | undefined {
  const properties = (schema as { properties?: Record<string, unknown> } | undefined)?.properties;
  if (!properties || !Object.hasOwn(properties, name)) return undefined;
  const { type, anyOf } = properties[name] as { type?: unknown; anyOf?: { type?: unknown }[] };
  const types = [type, ...(anyOf?.map((one) => one.type) ?? [])]
    .flat()
    .filter((one) => one !== 'null' && one !== undefined);
  return types.length === 1 && typeof types[0] === 'string' ? types[0] : undefined;
}

function parsedJson(text: string, name: string): unknown {
  const value = parseJson(text);
  if (value === undefined) throw usage(`${name} must be JSON, not: ${text.slice(0, 100)}`);
  return value;
}

function objectOf(text: string, what: string): ToolArguments {
  const value = parseJson(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as ToolArguments;
  throw usage(`${what} must be one JSON object, such as '{"tz_name":"Asia/Tokyo"}'.`);
}

function usage(message: string): CommandError {
  const hints = ['Arguments are name=text, name:=json, or one JSON object: mcp-gateway call --help'];
  return usageError(message, hints);
}
