import type { ArgumentRule, ToolRule } from '../policy.ts';

type Json = Readonly<Record<string, unknown>>;

/** Properties of one schema that are looked at. */
const mostProperties = 200;

/** What a tool's schema says about a rule: the arguments that the rule leaves free, and those that the schema does not have. */
export interface SchemaNotes {
  free: string[];
  unknown: string[];
}

/**
 * Compares a rule's arguments with the schema of a tool (JSON Schema, `properties`). A nested argument is named by its pointer.
 * Pure.
 * @param schema the server's own; it may be anything
 */
export function notesOnSchema({ arguments: rules, only }: ToolRule, schema: unknown): SchemaNotes {
  const notes: SchemaNotes = { free: [], unknown: [] };
  const all = propertiesOf(schema);
  if (rules.length === 0 || !all) return notes;
  compare(rules, 0, schema, [], notes);
  // `only` refuses what is not named, but not what is inside what is named.
  return { ...notes, free: only ? notes.free.filter((name) => name.startsWith('/')) : notes.free };
}

function compare(
  rules: readonly ArgumentRule[],
  depth: number,
  schema: unknown,
  before: readonly string[],
  notes: SchemaNotes,
): void {
  const properties = propertiesOf(schema);
  if (!properties) return;
  const judged = Map.groupBy(rules, ({ path }) => path[depth]);
  for (const key of Object.keys(properties).slice(0, mostProperties))
    if (!judged.has(key)) notes.free.push(nameOf([...before, key]));
  for (const [key, own] of judged) {
    if (key === undefined) continue;
    if (!Object.hasOwn(properties, key)) {
      notes.unknown.push(...own.map(({ name }) => name));
      continue;
    }
    const inside = own.filter(({ path }) => path.length > depth + 1);
    if (inside.length > 0) compare(inside, depth + 1, properties[key], [...before, key], notes);
  }
}

function propertiesOf(schema: unknown): Json | undefined {
  const { properties } = (isObject(schema) ? schema : {}) as { properties?: unknown };
  return isObject(properties) ? properties : undefined;
}

/** A key, or a JSON pointer (RFC 6901). */
function nameOf(path: readonly string[]): string {
  const [key = ''] = path;
  if (path.length === 1) return key;
  return path.map((each) => `/${each.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
