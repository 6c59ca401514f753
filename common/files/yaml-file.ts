import { type Document, isAlias, isCollection, isMap, isNode, isPair, LineCounter, parseDocument, visit } from 'yaml';
import type * as z from 'zod';
import { ConfigError } from '../text/config-error.ts';

export interface YamlOptions {
  /** What cannot be used, for the message of the error: `The policy file`. */
  subject: string;
  /** Aliases and merge keys are refused unless this is set. They are expanded, up to {@link mostExpanded} values. */
  aliases?: boolean;
  /** The file holds secrets: every value is text, and no fault repeats anything of the file but paths that the caller gives. */
  secret?: boolean;
}

/**
 * Parses a YAML text and checks it.
 * @throws {ConfigError} with every fault, each with its line and path
 */
export function parseYaml<T>(text: string, schema: z.ZodType<T>, options: YamlOptions): T {
  const file = readYaml(text, options);
  if (file.value === null) throw new ConfigError(['the file is empty'], options.subject);
  const result = schema.safeParse(file.value);
  if (result.success) return result.data;
  throw new ConfigError(file.faults(result.error.issues), options.subject);
}

/**
 * Parses a YAML text: one document, each key once.
 * @throws {ConfigError} with every fault, each with its line
 */
export function readYaml(text: string, { subject, aliases = false, secret = false }: YamlOptions) {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    merge: aliases,
    ...(secret && { schema: 'failsafe' }),
  });
  const lineOf = (offset: number) => `line ${lineCounter.linePos(offset).line}`;
  const faults = [...document.errors, ...document.warnings].map(
    // The parser's own words may quote the file.
    ({ pos, code, message }) => `${lineOf(pos[0])}: ${secret ? code : message}`,
  );
  visit(document, {
    Alias: (_key, alias) => {
      if (aliases && alias.resolve(document)) return undefined;
      const why = aliases
        ? `*${alias.source} stands for nothing`
        : 'aliases (*name) are not allowed: write the value out';
      faults.push(`${lineOf(alias.range?.[0] ?? 0)}: ${why}`);
      return visit.BREAK;
    },
  });
  if (faults.length > 0) throw new ConfigError(faults, subject);
  const describe = (path: readonly PropertyKey[], node: readonly PropertyKey[], message: string) =>
    `${lineOf(offsetOf(document, node))}: ${showPath(path)}: ${message}`;
  return {
    /** To change the text, with its comments. */
    document,
    value: expand(document, subject),
    /** Where a value is, such as `line 3: users[1].groups`. */
    placeOf: (path: readonly PropertyKey[]) => `${lineOf(offsetOf(document, path))}: ${showPath(path)}`,
    /**
     * Describes what a schema found.
     * @param at where in the file the checked value is; the paths of the issues continue from there
     * @returns one line for each fault, such as `line 3: users[1].groups[0]: must be a name`
     */
    faults: (issues: readonly z.core.$ZodIssue[], at: readonly PropertyKey[] = []): string[] =>
      issues.flatMap((issue) => {
        const path = [...at, ...issue.path];
        if (issue.code !== 'unrecognized_keys' || secret) return [describe(path, path, issue.message)];
        return issue.keys.map((key) => describe(path, [...path, key], `Unrecognized key: "${key}"`));
      }),
  };
}

/** Values of a file with its aliases written out. A policy of 10,000 rules has about as many. */
const mostExpanded = 200_000;

function expand(document: Document, subject: string): unknown {
  const sizes = new Map<unknown, number>();
  if (sizeOf(document.contents, document, sizes) > mostExpanded) {
    const why = `its aliases (*name) stand for more than ${mostExpanded} values, or for themselves: write them out`;
    throw new ConfigError([why], subject);
  }
  try {
    return document.toJS({ maxAliasCount: -1 });
  } catch (error) {
    throw new ConfigError([(error as Error).message], subject);
  }
}

/** How many values a node holds when its aliases are written out; Infinity if it holds itself. */
function sizeOf(node: unknown, document: Document, sizes: Map<unknown, number>): number {
  if (isAlias(node)) return sizeOf(node.resolve(document), document, sizes);
  if (isPair(node)) return sizeOf(node.key, document, sizes) + sizeOf(node.value, document, sizes);
  if (!isCollection(node)) return 1;
  const known = sizes.get(node);
  if (known !== undefined) return known;
  sizes.set(node, Number.POSITIVE_INFINITY);
  const size = node.items.reduce<number>((sum, item) => sum + sizeOf(item, document, sizes), 1);
  sizes.set(node, size);
  return size;
}

/** Where a value is in the text. A missing key has no place of its own: then it is the nearest value around it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const around = length <= 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    // The key rather than its value, which may begin on a later line.
    const key = isMap(around) && around.items.find((pair) => String(pair.key) === String(path[length - 1]))?.key;
    const node = key || (length === 0 ? document.contents : document.getIn(path.slice(0, length), true));
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function showPath(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text.replace(/^\./, '') || 'the file';
}
