import { coerce, flat, type JsonSchema, typeOf } from '../json-schema.ts';

/** `key=value` pairs and a JSON object in a message: what somebody who knows the arguments writes. */
export interface Explicit {
  values: ReadonlyMap<string, string>;
  object: Record<string, unknown>;
  /** The message without them. */
  rest: string;
}

const pair = /(?<![\w.])([A-Za-z_][\w.-]*)\s?=\s?("[^"]*"|'[^']*'|\{[^{}]*\}|\[[^[\]]*\]|[^\s;"'=]+)/g;

/** Reads them; names are compared without case, dashes and underscores. */
export function readExplicit(message: string): Explicit {
  const values = new Map<string, string>();
  let rest = message.replace(pair, (text, name: string, value: string) => {
    values.set(bare(name), value.replace(/^(["'])(.*)\1$/s, '$2').replace(/,$/, ''));
    return ' '.repeat(text.length);
  });
  const [text = ''] = /\{[\s\S]*\}/.exec(rest) ?? [];
  const object = objectIn(text);
  if (object) rest = rest.replace(text, ' '.repeat(text.length));
  return { values, object: object ?? {}, rest };
}

/** The value that was written for a property, if it fits. */
export function explicitValue(explicit: Explicit, name: string, path: string, given: JsonSchema): unknown {
  const schema = flat(given);
  if (path === name && Object.hasOwn(explicit.object, name)) {
    const value = explicit.object[name];
    return typeof value === 'string' && typeOf(schema) !== 'string' ? coerce(value, schema) : value;
  }
  const written = explicit.values.get(bare(path)) ?? explicit.values.get(bare(name));
  return written === undefined ? undefined : coerce(written, schema);
}

function bare(name: string): string {
  return name.replace(/[_-]/g, '').toLowerCase();
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
