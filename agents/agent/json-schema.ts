import * as z from 'zod';
import { parseJson } from '../../common/text/json.ts';

/** The part of JSON Schema that the agent uses to fill and show arguments. */
export interface JsonSchema {
  type?: string | string[] | undefined;
  description?: string | undefined;
  enum?: unknown[] | undefined;
  default?: unknown;
  required?: string[] | undefined;
  properties?: Record<string, JsonSchema> | undefined;
  items?: JsonSchema | undefined;
  anyOf?: JsonSchema[] | undefined;
}

const node: z.ZodType<JsonSchema> = z.lazy(() =>
  z.object({
    type: z.union([z.string(), z.array(z.string())]).optional(),
    description: z.string().optional(),
    enum: z.array(z.unknown()).optional(),
    default: z.unknown().optional(),
    required: z.array(z.string()).optional(),
    properties: z.record(z.string(), tolerant).optional(),
    items: tolerant.optional(),
    anyOf: z.array(tolerant).optional(),
  }),
);

/** Servers write any schema; an unreadable one counts as no schema. */
const tolerant: z.ZodType<JsonSchema> = node.catch({});

/** Reads a schema. Never throws; a schema nested more than 20 levels deep counts as empty. */
export function readSchema(value: unknown): JsonSchema {
  return depthOf(value) > 20 ? {} : tolerant.parse(value);
}

function depthOf(value: unknown): number {
  let level = [value];
  let depth = 0;
  for (; level.length > 0 && depth <= 20; depth++)
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  return depth;
}

/** The type of a schema: the first one other than null, of the schema itself or of its alternatives. */
export function typeOf(schema: JsonSchema): string {
  const types = [schema.type ?? []].flat().filter((type) => type !== 'null');
  if (types[0]) return types[0];
  if (schema.properties) return 'object';
  const alternative = schema.anyOf?.map(typeOf).find((type) => type !== 'any');
  return alternative ?? (schema.enum ? 'string' : 'any');
}

/** Merges the first alternative (`anyOf`) into a schema. */
export function flat(schema: JsonSchema): JsonSchema {
  const alternative = schema.anyOf?.find((one) => typeOf(one) !== 'any');
  return alternative ? { ...alternative, ...schema, type: typeOf(schema) } : schema;
}

/** Converts a text to a value of this schema. @returns undefined if the text does not fit */
export function coerce(text: string, schema: JsonSchema): unknown {
  const plain = text.trim();
  const { enum: choices } = schema;
  if (choices) return choices.find((choice) => String(choice).toLowerCase() === plain.toLowerCase());
  const read: Record<string, () => unknown> = {
    number: () => numberIn(plain),
    integer: () => (Number.isInteger(numberIn(plain)) ? numberIn(plain) : undefined),
    boolean: () => (/^(true|yes|on)$/i.test(plain) ? true : /^(false|no|off)$/i.test(plain) ? false : undefined),
    string: () => (plain === '' ? undefined : plain),
    array: () => (Array.isArray(parseJson(plain)) ? parseJson(plain) : listOf(plain, schema.items ?? {})),
    object: () => (isRecord(parseJson(plain)) ? parseJson(plain) : undefined),
  };
  const type = typeOf(schema);
  return Object.hasOwn(read, type) ? read[type]?.() : (parseJson(plain) ?? plain);
}

function numberIn(text: string): number | undefined {
  const value = text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(text: string, items: JsonSchema): unknown[] | undefined {
  const values = text.split(',').map((item) => coerce(item, { type: 'string', ...items }));
  return values.length > 0 && !values.includes(undefined) ? values : undefined;
}
