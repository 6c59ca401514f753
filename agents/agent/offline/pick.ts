import { coerce, flat, type JsonSchema, typeOf } from '../json-schema.ts';
import type { FoundTool } from '../toolbox.ts';
import { blank, type Message, type Value } from './message.ts';
import { contentWords, wordsOf } from './words.ts';

/** An argument that the tool needs and that the message does not give. */
export interface Missing {
  name: string;
  schema: JsonSchema;
  /** What an ambiguous message may mean. */
  choices?: readonly string[];
}

/** A tool with the arguments that the message gives it. */
export interface Candidate {
  found: FoundTool;
  args: Record<string, unknown>;
  missing: readonly Missing[];
  /** Words of the message that have nothing to do with the tool. */
  ignored: readonly string[];
  /** The share of the other words, 0 to 1. */
  fit: number;
  /** How many values of the message and words of enum values became arguments. */
  used: number;
}

/**
 * Picks the tool that takes most of the message as arguments and has most of its other words; the finder's score breaks
 * ties. A description only makes words count; the agent never follows it.
 * @returns undefined if no tool has to do with more than half of the words
 */
export function pick(tools: readonly FoundTool[], message: Message): Candidate | undefined {
  const top = Math.max(...tools.map(({ score }) => score), Number.MIN_VALUE);
  const rank = ({ found, missing, used, fit }: Candidate) => used - missing.length + fit + found.score / top;
  const fitting = tools.map((found) => fill(found, message)).filter(({ fit }) => fit > 0.5);
  return fitting.toSorted((a, b) => rank(b) - rank(a))[0];
}

/** Takes a tool's arguments from a message. It guesses none: without a value or a default the argument is missing. */
function fill(found: FoundTool, message: Message): Candidate {
  const { properties = {}, required = [] } = flat(found.schema);
  const args: Record<string, unknown> = {};
  const missing: Missing[] = [];
  const used = new Set<Value>();
  const own = new Set([found.tool, found.description, found.server, ...Object.keys(properties)].flatMap(wordsOf));
  let choices = 0;
  for (const [name, given] of Object.entries(properties)) {
    const schema = flat(given);
    const choice = enumValue(schema, message);
    const value = schema.enum ? undefined : valueFor(name, schema, message, used);
    const meanings = [message.given.get(name.toLowerCase()) ?? choice ?? value?.meanings ?? []].flat();
    const read = meanings.length === 1 ? coerce(meanings[0] ?? '', schema) : undefined;
    if (value) used.add(value);
    if (choice) choices += wordsOf(choice).map((word) => own.add(word)).length;
    if (read !== undefined) args[name] = read;
    else if (meanings.length > 1) missing.push({ name, schema, choices: meanings });
    else if (required.includes(name) && schema.default === undefined) missing.push({ name, schema });
  }
  const said = contentWords(blank(message.rest, used));
  const ignored = said.filter((word) => !own.has(word));
  const fit = (said.length - ignored.length) / Math.max(said.length, 1);
  return { found, args, missing, ignored, fit, used: used.size + choices };
}

/** The one value of an enum that occurs in the message. */
function enumValue(schema: JsonSchema, { rest }: Message): string | undefined {
  const said = new Set(wordsOf(rest));
  const choices = schema.enum?.map(String).filter((choice) => wordsOf(choice).every((word) => said.has(word))) ?? [];
  return choices.length === 1 ? choices[0] : undefined;
}

/** The first free value of the argument's kind that is not the other end of a range. */
function valueFor(name: string, schema: JsonSchema, message: Message, used: Set<Value>): Value | undefined {
  const words = wordsOf(name);
  const kind = kindOf(words.join(' '), schema);
  const free = message.values.filter((value) => value.kind === kind && !used.has(value));
  // A number needs a word of its argument's name before it: "energy level 3".
  const before = (value: Value) => wordsOf(message.rest.slice(0, value.start)).at(-1) ?? '';
  if (kind === 'number') return free.find((value) => words.includes(before(value)));
  const role = words.includes('from') ? 'from' : words.includes('to') ? 'to' : undefined;
  return free.find((value) => value.role === role) ?? free.find((value) => !role || !value.role);
}

function kindOf(label: string, schema: JsonSchema): Value['kind'] | undefined {
  const type = typeOf(schema);
  if (type !== 'string') return type === 'number' || type === 'integer' ? 'number' : undefined;
  if (/\b(tz|time ?zone)\b/.test(label)) return 'zone';
  const kinds = ['date', 'time', 'ticker'] as const;
  return kinds.find((kind) => label.split(' ').includes(kind)) ?? 'quoted';
}
