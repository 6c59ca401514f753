import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

interface Attribute {
  type: string;
  array?: boolean;
  required?: boolean;
  enum?: Record<string, string>;
  sibling?: string;
}

interface Shape {
  attributes: Record<string, Attribute>;
  constraints?: { at_least_one?: string[] };
}

const file = new URL('./ocsf-api-activity-1.5.0.json', import.meta.url);
const schema: Shape & { version: string; objects: Record<string, Shape> } = JSON.parse(readFileSync(file, 'utf8'));

export const schemaVersion = schema.version;

const plain: Record<string, (value: unknown) => boolean> = {
  ip_t: (value) => typeof value === 'string' && isIP(value) !== 0,
  integer_t: Number.isInteger,
  long_t: Number.isSafeInteger,
  timestamp_t: Number.isSafeInteger,
  boolean_t: (value) => typeof value === 'boolean',
  object: (value) => typeof value === 'object' && value !== null,
};

/**
 * What is wrong with an event by the published schema of OCSF: missing, unknown and ill-typed attributes, values that are in no
 * list, names that are not those of their numbers, and objects that identify nothing.
 */
export function faultsOf(event: object): string[] {
  return faultsIn(event, schema, '');
}

function faultsIn(value: object, { attributes, constraints }: Shape, at: string): string[] {
  const fields = value as Record<string, unknown>;
  const missing = Object.keys(attributes).filter((name) => attributes[name]?.required && fields[name] === undefined);
  const one = constraints?.at_least_one;
  const lacks = one?.every((name) => fields[name] === undefined)
    ? [`${at.slice(0, -1)} has none of ${one.join(', ')}`]
    : [];
  const wrong = Object.entries(fields).flatMap(([name, field]) => {
    const attribute = attributes[name];
    if (!attribute) return [`${at}${name} is unknown`];
    const all = attribute.array ? (Array.isArray(field) ? field : []) : [field];
    const inside = all.flatMap((each) => faultsOfValue(each, attribute, at + name));
    return attribute.array && !Array.isArray(field)
      ? [`${at}${name} is no list`]
      : [...inside, ...siblingFault(fields, attribute, at)(field)];
  });
  return [...missing.map((name) => `${at}${name} is missing`), ...lacks, ...wrong];
}

function faultsOfValue(value: unknown, { type, enum: list }: Attribute, at: string): string[] {
  const shape = schema.objects[type];
  if (shape) return typeof value === 'object' && value ? faultsIn(value, shape, `${at}.`) : [`${at} is no ${type}`];
  const isOne = plain[type] ?? ((text: unknown) => typeof text === 'string');
  if (!isOne(value)) return [`${at} is no ${type}`];
  return list && !(String(value) in list) ? [`${at} has the unknown value ${value}`] : [];
}

/** The name beside a number is the schema's, but for “Other” (99), which the source names. */
const siblingFault =
  (fields: Record<string, unknown>, { enum: list, sibling }: Attribute, at: string) =>
  (value: unknown) => {
    const caption = list?.[String(value)];
    if (!sibling || caption === undefined || fields[sibling] === undefined || caption === 'Other') return [];
    return fields[sibling] === caption ? [] : [`${at}${sibling} is not ${caption}`];
  };
