import * as z from 'zod';
import type { Person } from '../access/guards.ts';
import type { Editor } from '../editing/editor.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { readRegistration } from '../servers/server-input.ts';
import { clientServers } from './client-config.ts';
import { readEntry } from './read-entry.ts';
import { EntryRefused } from './refused.ts';
import { longName, type Read } from './server-json.ts';

/** The outcome of one entry. */
const importResult = z.strictObject({
  index: z.int().describe('Its position in the input, from 0.'),
  name: z.string().nullable().describe('The name of the server here, if the entry has one.'),
  format: z.enum(['server.json', 'original', 'client']).nullable(),
  outcome: z
    .enum(['registered', 'skipped', 'refused'])
    .describe(
      'skipped: a server of this name exists already. With dry_run, registered means that it would be registered.',
    ),
  code: z.string().nullable().describe('The error code, if it was refused or skipped.'),
  reason: z.string().nullable(),
  hints: z.array(z.string()).describe('What remains to be done.'),
});

/** The outcome of an import. */
export const importAnswer = z.strictObject({
  dry_run: z.boolean(),
  registered: z.int(),
  skipped: z.int(),
  refused: z.int(),
  results: z.array(importResult),
});

type ImportResult = z.output<typeof importResult>;
export type ImportAnswer = z.output<typeof importAnswer>;

/** nginx must accept each route, and waits 30 s for the answer. */
const maxEntries = 20;
/** Failures of the registry, not of an entry. They end the import, so that it does not look complete. */
const ours: ReadonlySet<string> = new Set(['store_unavailable', 'internal_error', 'identity_unavailable']);

/**
 * Registers entries one after another, with the rights of this person. A refused entry does not stop the others.
 * @param body one entry, a list of up to 20, or a page of the MCP registry API
 * @throws {RegistryError} `input_invalid` for any other body; failures of the registry
 */
export async function importServers(editor: Editor, person: Person, body: unknown, dryRun: boolean) {
  const entries = entriesOf(body);
  const results: ImportResult[] = [];
  /** The published name of each server that this import has registered, by its name. */
  const names = new Map<string, unknown>();
  for (const [index, entry] of entries.entries()) {
    const result = { index, ...(await importOne(editor, person, entry, { dryRun, names })) };
    if (result.name !== null && result.outcome === 'registered') names.set(result.name, aliasIn(entry));
    results.push(result);
  }
  const count = (outcome: ImportResult['outcome']) => results.filter((result) => result.outcome === outcome).length;
  const counts = { registered: count('registered'), skipped: count('skipped'), refused: count('refused') };
  return { dry_run: dryRun, ...counts, results } satisfies ImportAnswer;
}

/** The published name of an entry that could be read. */
function aliasIn(entry: unknown): unknown {
  return readEntry(entry).settings.alias ?? null;
}

type One = Omit<ImportResult, 'index'>;

async function importOne(
  editor: Editor,
  person: Person,
  entry: unknown,
  { dryRun, names }: { dryRun: boolean; names: ReadonlyMap<string, unknown> },
): Promise<One> {
  const about: Pick<One, 'name' | 'format' | 'hints'> = { name: null, format: null, hints: [] };
  try {
    const { settings: read, format, hints } = readEntry(entry);
    const raw = apart(editor, read, names);
    Object.assign(about, { name: raw.name, format, hints });
    const settings = readRegistration(raw);
    if (dryRun && names.has(settings.name)) throw new RegistryError('name_taken', `"${settings.name}" is there twice.`);
    const warnings = dryRun
      ? await editor.rehearse(person, settings)
      : (await editor.register(person, settings)).warnings;
    return { ...about, outcome: 'registered', code: null, reason: null, hints: [...hints, ...warnings] };
  } catch (error) {
    if (error instanceof EntryRefused)
      return { ...about, outcome: 'refused', code: 'input_invalid', reason: error.message };
    if (!(error instanceof RegistryError) || ours.has(error.code)) throw error;
    const outcome = error.code === 'name_taken' ? 'skipped' : 'refused';
    return { ...about, outcome, code: error.code, reason: reasonOf(error) };
  }
}

/** Another vendor's server of the same short name must not stop this one: then both parts of the published name count. */
function apart(editor: Editor, read: Read['settings'], names: ReadonlyMap<string, unknown>): Read['settings'] {
  const { name, alias } = read;
  if (typeof alias !== 'string') return read;
  const holder = names.has(name) ? names.get(name) : editor.aliasOf(name);
  return holder === undefined || holder === alias ? read : { ...read, name: longName(alias) };
}

function reasonOf({ message, faults = [] }: RegistryError): string {
  if (faults.length < 2) return message;
  return faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
}

function entriesOf(body: unknown): readonly unknown[] {
  const client = clientServers(body);
  if (client) return bounded(client);
  const page = typeof body === 'object' && body !== null && 'servers' in body ? body.servers : body;
  if (typeof page !== 'object' || page === null) return bounded([]);
  return bounded(Array.isArray(page) ? page : [page]);
}

function bounded(entries: readonly unknown[]): readonly unknown[] {
  if (entries.length === 0 || entries.length > maxEntries) {
    const message = `Send one server, or a list of 1 to ${maxEntries}.`;
    throw new RegistryError('input_invalid', message, { faults: [{ path: '', message }] });
  }
  return entries;
}
