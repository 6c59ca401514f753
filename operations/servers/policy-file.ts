import { realpath, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Scalar } from 'yaml';
import { replaceFile } from '../../common/files/replace-file.ts';
import { readPolicySource } from '../../common/policy/policy-file.ts';
import type { PolicySource } from '../../policy/policy.ts';
import { covers } from '../../policy/review/rule-shape.ts';
import type { Renaming } from '../../registry/store/rename.ts';

/** What a renaming does to the text of a policy file. */
export interface PolicyRenaming {
  text: string;
  /** Each line that changes, before and after. */
  lines: { line: number; before: string; after: string }[];
  /** Patterns that cover only one of the two names. They stay. */
  patterns: { at: string; pattern: string; covers: string }[];
  /** Places that name the new name already: they apply to the server from now on. */
  already: string[];
}

/** The file says something that this command cannot change by itself. */
export class NotChangeable extends Error {}

/**
 * Renames a server in the text of a policy file: in each rule, limit and registry permission that names it. Everything else stays
 * byte by byte, comments and patterns too.
 * @throws {ConfigError} if the text is no valid policy, {@link NotChangeable} if the change would change more than the name
 */
export function renameInPolicy(text: string, { from, to }: Renaming): PolicyRenaming {
  const source = readPolicySource(text);
  const places = [...new Set(scalarsNaming(parseDocument(text, { merge: true }), from))];
  const ranges = places.map(({ range }) => ({ start: range?.[0] ?? 0, end: range?.[1] ?? 0 }));
  // From the end, so that the places before keep their offsets.
  const changed = ranges
    .sort((a, b) => b.start - a.start)
    .reduce(
      (rest, { start, end }) => rest.slice(0, start) + written(rest.slice(start, end), to) + rest.slice(end),
      text,
    );
  if (!isDeepStrictEqual(plain(readPolicySource(changed)), plain(source, { from, to }))) {
    const counter = new LineCounter();
    parseDocument(text, { lineCounter: counter });
    const lines = ranges.map(({ start }) => counter.linePos(start).line).reverse();
    throw new NotChangeable(
      `its lines ${lines.join(', ')} stand for more than the name of the server (*aliases, perhaps)`,
    );
  }
  const [old, now] = [text.split('\n'), changed.split('\n')];
  const lines = old.flatMap((before, index) => {
    const after = now[index] ?? '';
    return before === after ? [] : [{ line: index + 1, before: before.trim(), after: after.trim() }];
  });
  return { text: changed, lines, ...othersOn(source, { from, to }) };
}

/** The scalars of the file that are the name of this server where a server is named. */
function scalarsNaming(document: Document, name: string): Scalar[] {
  const named = [...pairsOf(document, document.contents)].flatMap(([section, value]) => {
    if (section === 'group_mappings') return [];
    const inner = [...pairsOf(document, value)];
    if (section !== 'UI-Scopes') return inner.flatMap(([key, server]) => (key === 'server' ? [server] : []));
    return inner.flatMap(([, permissions]) => [...pairsOf(document, permissions)].map(([, names]) => names));
  });
  return named.flatMap((node) => scalarsOf(document, node)).filter(({ value }) => value === name);
}

/** The keys and values of a map, or of each map of a list; merged ones too. */
function* pairsOf(document: Document, node: unknown): Generator<[string, unknown]> {
  const value = resolved(document, node);
  if (isSeq(value)) for (const item of value.items) yield* pairsOf(document, item);
  if (!isMap(value)) return;
  for (const { key, value: inner } of value.items) {
    const word = isScalar(key) ? String(key.value) : '';
    if (word === '<<') yield* pairsOf(document, inner);
    else yield [word, inner];
  }
}

function scalarsOf(document: Document, node: unknown): Scalar[] {
  const value = resolved(document, node);
  if (isSeq(value)) return value.items.flatMap((item) => scalarsOf(document, item));
  return isScalar(value) ? [value] : [];
}

function resolved(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

/** The new name in the quotes of the old one; a word that YAML would take for a number, say, gets some. */
function written(old: string, to: string): string {
  const [quote = ''] = /^["']/.exec(old) ?? [];
  const isText = quote !== '' || parseDocument(to).toJS() === to;
  return isText ? `${quote}${to}${quote}` : `'${to}'`;
}

/** What the file grants, without its places; with a renaming, what it has to grant afterwards. */
function plain({ groups, scopes, ui, limits }: PolicySource, renaming?: Renaming) {
  const named = (name: string) => (name === renaming?.from ? renaming.to : name);
  return {
    groups,
    limits: limits.map((limit) => ({ ...limit, server: named(limit.server) })),
    scopes: new Map(
      [...scopes].map(([scope, rules]) => [scope, rules.map((r) => ({ ...r, server: named(r.server) }))]),
    ),
    ui: new Map(
      [...ui].map(([scope, grants]) => [scope, new Map([...grants].map(([key, names]) => [key, names.map(named)]))]),
    ),
  };
}

function othersOn(
  { scopes, ui, limits }: PolicySource,
  { from, to }: Renaming,
): Pick<PolicyRenaming, 'patterns' | 'already'> {
  const all = [
    ...[...[...scopes.values()].flat(), ...limits].map(({ at, server }) => ({ at, pattern: server })),
    ...[...ui].flatMap(([scope, grants]) =>
      [...grants].flatMap(([key, names]) => names.map((pattern) => ({ at: `UI-Scopes.${scope}.${key}`, pattern }))),
    ),
  ];
  return {
    patterns: all.flatMap(({ at, pattern }) => {
      const both = [from, to].filter((name) => covers(pattern, name));
      const [only] = both;
      return pattern.endsWith('*') && both.length === 1 && only !== undefined ? [{ at, pattern, covers: only }] : [];
    }),
    already: all.filter(({ pattern }) => pattern === to).map(({ at }) => at),
  };
}

/** Replaces the policy file, also through a link, or as a file that is mounted by itself. @throws what the file system says */
export async function writePolicyFile(path: string, text: string): Promise<void> {
  const file = await realpath(path);
  await replaceFile(file, text).catch(async (error: NodeJS.ErrnoException) => {
    // A file that is mounted by itself cannot be replaced, only written.
    if (error.code !== 'EBUSY') throw error;
    await writeFile(file, text, { flush: true });
  });
}
