import { isDeepStrictEqual } from 'node:util';
import { parseDocument } from 'yaml';
import type { PolicySource } from '../../../policy/policy.ts';
import { ConfigError } from '../../text/config-error.ts';
import { readPolicySource } from '../policy-file.ts';
import type { ToolEntry } from './grant.ts';
import { keepFormat } from './keep-format.ts';
import { reconcile } from './reconcile.ts';
import { EditRefused } from './refused.ts';

/** A rule as the file writes it. */
export interface FileRule {
  server: string;
  methods: string | string[];
  tools?: string | (string | ToolEntry)[] | null;
  prompts?: string | string[] | null;
  resources?: string | string[] | null;
  until?: string;
  approve?: ToolEntry['approve'];
}

/** The values of the file. */
export interface FileValue {
  groups: Record<string, string[]>;
  ui: Record<string, Record<string, string | string[]>>;
  /** The whole, with these two. */
  all: Record<string, unknown>;
}

/** The keys of the file that are no scopes. */
export const sections: ReadonlySet<string> = new Set(['group_mappings', 'UI-Scopes', 'limits']);

const yamlOptions = { merge: true, prettyErrors: false, logLevel: 'error' } as const;

/**
 * Reads the file for an edit.
 * @returns what it means, and a copy of its values to change
 * @throws {EditRefused} if the policy has faults
 */
export function openFile(text: string): { source: PolicySource; value: FileValue } {
  const source = understood(text, 'The policy has faults. Correct them first');
  // By JSON: what an anchor names twice is one object in the first reading.
  const all: Record<string, unknown> = JSON.parse(JSON.stringify(read(text)));
  all.group_mappings ??= {};
  all['UI-Scopes'] ??= {};
  return { source, value: { groups: all.group_mappings as never, ui: all['UI-Scopes'] as never, all } };
}

/** The rules of a scope, to be changed; undefined if it has none. */
export function rulesIn({ all }: FileValue, scope: string): FileRule[] | undefined {
  const rules = sections.has(scope) || !Object.hasOwn(all, scope) ? undefined : all[scope];
  return Array.isArray(rules) ? rules : undefined;
}

/** What the file writes as one name or a list. */
export function listOf<T>(value: string | readonly T[] | null | undefined): (T | string)[] {
  return typeof value === 'string' ? [value] : [...(value ?? [])];
}

/**
 * Writes changed values into the text of a file, so that the rest stays as it is.
 * @returns the new text, and what it means
 * @throws {EditRefused} if the text cannot be changed, or is no policy then
 */
export function writeFile(text: string, { all }: FileValue): { text: string; source: PolicySource } {
  const wanted = withoutEmpty(all, read(text));
  const isWanted = (candidate: string) => {
    try {
      return isDeepStrictEqual(JSON.parse(JSON.stringify(read(candidate))), wanted);
    } catch {
      return false;
    }
  };
  const result = candidates(text, wanted).find(isWanted);
  if (result === undefined)
    throw new EditRefused('This file is written in a way that cannot be edited here. Change it by hand.');
  return { text: result, source: understood(result, 'The policy cannot be changed like this') };
}

/** The changed text: as its author writes, and as the YAML writer does. None if the writer gives up. */
function candidates(text: string, wanted: Record<string, unknown>): string[] {
  try {
    const document = parseDocument(text, yamlOptions);
    const style = styleOf(text);
    const plain = document.toString(style);
    reconcile(document, wanted);
    const edited = document.toString(style);
    return [keepFormat(text, plain, edited, true), keepFormat(text, plain, edited, false), edited];
  } catch {
    return [];
  }
}

/** Sections that the file does not have and that hold nothing stay away. */
function withoutEmpty(all: Record<string, unknown>, before: unknown): Record<string, unknown> {
  const had = new Set(Object.keys(before as object));
  const kept = Object.entries(all).filter(([key, value]) => had.has(key) || Object.keys(value as object).length > 0);
  return JSON.parse(JSON.stringify(Object.fromEntries(kept)));
}

/** @throws what the YAML reader threw */
function read(text: string): unknown {
  const document = parseDocument(text, yamlOptions);
  const [error] = document.errors;
  if (error) throw error;
  return document.toJS({ maxAliasCount: -1 });
}

function understood(text: string, otherwise: string): PolicySource {
  try {
    return readPolicySource(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new EditRefused(`${otherwise}: ${error.faults.join('; ')}.`);
  }
}

/** How the author writes, so that few lines differ. */
function styleOf(text: string) {
  const indent = /^( +)[^\s#]/m.exec(text)?.[1]?.length ?? 2;
  return {
    lineWidth: 0,
    flowCollectionPadding: /[[{] +[^\s\]}]/.test(text),
    indentSeq: !/^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\r?\n\1- /m.test(text),
    indent: Math.min(Math.max(indent, 1), 8),
  };
}
