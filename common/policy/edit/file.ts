import { isDeepStrictEqual } from 'node:util';
import type { Document } from 'yaml';
import type { PolicySource } from '../../../policy/policy.ts';
import { ConfigError } from '../../text/config-error.ts';
import { readPolicyFile } from '../policy-file.ts';
import type { ToolEntry } from './grant.ts';
import { EditRefused } from './refused.ts';
import { keepFormat } from './text/keep-format.ts';
import { reconcile } from './text/reconcile.ts';

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

/** A file that is being changed. */
export interface OpenFile {
  text: string;
  /** What it means as it is. */
  source: PolicySource;
  document: Document;
  /** Its values as they are. */
  before: Readonly<Record<string, unknown>>;
  /** Its values, to be changed. */
  value: FileValue;
}

/**
 * Opens the file for an edit.
 * @throws {EditRefused} if the policy has faults
 */
export function openFile(text: string): OpenFile {
  const { source, document, value } = understood(text, 'The policy has faults. Correct them first');
  // By JSON: what an anchor names twice is one object in the first reading.
  const [before, all] = [asJson(value), asJson(value)];
  all.group_mappings ??= {};
  all['UI-Scopes'] ??= {};
  return {
    text,
    source,
    document,
    before,
    value: { groups: all.group_mappings as never, ui: all['UI-Scopes'] as never, all },
  };
}

function asJson(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value));
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
 * Writes the changed values into the text of a file, so that the rest stays as it is.
 * @returns the new text, and what it means
 * @throws {EditRefused} if the text cannot be changed, or is no policy then
 */
export function writeFile({ text, document, before, value: { all } }: OpenFile): {
  text: string;
  source: PolicySource;
} {
  // Sections that the file does not have and that hold nothing stay away.
  const kept = Object.entries(all).filter(([key, part]) => key in before || Object.keys(part as object).length > 0);
  const wanted = asJson(Object.fromEntries(kept));
  let fault: unknown;
  for (const candidate of candidates(text, document, wanted)) {
    try {
      const { source, value } = readPolicyFile(candidate);
      if (isDeepStrictEqual(asJson(value), wanted)) return { text: candidate, source };
    } catch (error) {
      fault = error;
    }
  }
  if (fault instanceof ConfigError) throw refusalOf('The policy cannot be changed like this', fault);
  throw new EditRefused('This file is written in a way that cannot be edited here. Change it by hand.');
}

/** The changed text: as its author writes, and as the YAML writer does. None if the writer gives up. */
function* candidates(text: string, document: Document, wanted: Record<string, unknown>): Generator<string> {
  const style = styleOf(text);
  let [plain, edited] = ['', ''];
  try {
    plain = document.toString(style);
    reconcile(document, wanted);
    edited = document.toString(style);
  } catch {
    return;
  }
  yield keepFormat(text, plain, edited, true);
  yield keepFormat(text, plain, edited, false);
  yield edited;
}

function understood(text: string, otherwise: string): ReturnType<typeof readPolicyFile> {
  try {
    return readPolicyFile(text);
  } catch (error) {
    throw error instanceof ConfigError ? refusalOf(otherwise, error) : error;
  }
}

function refusalOf(otherwise: string, { faults }: ConfigError): EditRefused {
  return new EditRefused(`${otherwise}: ${faults.join('; ')}.`);
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
