import type { JsonObject } from '../../../servers/definition.ts';

/** An argument that a rule can limit. */
export interface KnownArgument {
  /** As the policy file names it: a name, or a JSON pointer (RFC 6901). */
  key: string;
  kind: 'text' | 'number' | 'boolean' | 'list' | 'other';
  /** Of a list, the kind of its elements. */
  elements: 'text' | 'number' | 'boolean' | 'other';
  /** The values that the schema allows; none if it lists none. */
  values: readonly string[];
  required: boolean;
}

const most = 60;
const deepest = 3;
const mostValues = 12;

/**
 * The arguments of a tool by its input schema (JSON Schema 2020-12), those inside of objects after them. The server writes the
 * schema: it may be malformed, and its size is bounded here.
 */
export function knownArguments(schema: JsonObject | null): KnownArgument[] {
  const found: KnownArgument[] = [];
  const walk = (within: unknown, path: readonly string[]) => {
    const { properties, required } = objectOr(within);
    const inner: [unknown, string[]][] = [];
    for (const [name, property] of Object.entries(objectOr(properties))) {
      if (found.length >= most) return;
      const about = objectOr(property);
      const here = [...path, name];
      const isRequired = Array.isArray(required) && required.includes(name);
      if (about.properties !== undefined && here.length < deepest) inner.push([about, here]);
      else found.push({ key: keyOf(here), ...kindsOf(about), values: valuesOf(about), required: isRequired });
    }
    for (const [about, here] of inner) walk(about, here);
  };
  walk(schema, []);
  return found;
}

/** A path as the policy file writes it. A name at the top that begins with `/` would read as a pointer. */
function keyOf(path: readonly string[]): string {
  const [first = ''] = path;
  if (path.length === 1 && !first.startsWith('/')) return first;
  return path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function kindsOf(about: JsonObject): Pick<KnownArgument, 'kind' | 'elements'> {
  const kind = kindOf(about);
  const elements = kind === 'list' ? kindOf(objectOr(about.items)) : 'other';
  return { kind, elements: elements === 'list' ? 'other' : elements };
}

function kindOf({ type, enum: values }: JsonObject): KnownArgument['kind'] {
  if (type === 'string') return 'text';
  if (type === 'number' || type === 'integer') return 'number';
  if (type === 'boolean') return 'boolean';
  if (type === 'array') return 'list';
  return Array.isArray(values) && values.every((value) => typeof value === 'string') ? 'text' : 'other';
}

function valuesOf(about: JsonObject): string[] {
  const { enum: values } = Array.isArray(about.enum) ? about : objectOr(about.items);
  const plain = Array.isArray(values) ? values.filter((value) => ['string', 'number'].includes(typeof value)) : [];
  return plain.slice(0, mostValues).map(String);
}

function objectOr(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
