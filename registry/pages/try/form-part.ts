import type { JsonObject } from '../../servers/definition.ts';

/** What a field takes. */
type Kind =
  | { kind: 'text'; long: boolean; concealed: boolean }
  | { kind: 'number'; whole: boolean }
  | { kind: 'boolean' }
  /** One of these values; `labels` has the text of each. */
  | { kind: 'choice'; values: readonly unknown[]; labels: readonly string[] }
  /** The only value that the schema allows (`const`). */
  | { kind: 'fixed'; value: unknown; label: string }
  | { kind: 'list'; item: FormPart }
  | { kind: 'object'; fields: readonly FormField[] }
  | { kind: 'either'; options: readonly { label: string; part: FormPart }[] }
  /** A part that the form cannot show. It is typed as JSON; `why` is a sentence for the person. */
  | { kind: 'json'; why: string };

/** One part of the form of a tool. Its texts are the server's own, with hidden characters spelled out. */
export type FormPart = Kind & {
  description: string;
  /** Further keywords, such as `default: 10`. They are shown and never filled in. */
  hints: readonly string[];
  nullable: boolean;
};

export interface FormField {
  /** The key of the argument, as it is sent. */
  name: string;
  label: string;
  required: boolean;
  part: FormPart;
}

/** What a form may still hold: parts, and characters of text. A schema of a few kB can describe millions. */
export interface FormBudget {
  parts: number;
  text: number;
}

export const bounds = {
  parts: 300,
  text: 60_000,
  /** Objects, lists and alternatives within each other. */
  depth: 6,
  fields: 100,
  choices: 100,
  alternatives: 12,
  /** References and `allOf` that are followed for one part. */
  hops: 16,
  longestName: 200,
  longestValue: 200,
  longestDescription: 1_000,
  longestHint: 120,
} as const;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own key of a schema: `constructor` is no keyword. */
export function keyword(schema: JsonObject, key: string): unknown {
  return Object.hasOwn(schema, key) ? schema[key] : undefined;
}
