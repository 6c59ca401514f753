import * as z from 'zod';
import type { Person } from '../access/guards.ts';
import { isOurs } from '../editing/apply.ts';
import type { Editor, Planned } from '../editing/editor.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { isSet, type RegisteredServer } from '../servers/server.ts';
import { readRegistration } from '../servers/server-input.ts';
import { nameTaken } from '../store/store.ts';
import { EntryRefused } from './bounds.ts';
import { clientServers } from './client-config.ts';
import { isImported, merge } from './merge.ts';
import { freeName, namesOf } from './names.ts';
import { type Entry, readEntry } from './read-entry.ts';
import { compareVersions } from './versions.ts';

/** The outcome of one entry. */
const importResult = z.strictObject({
  index: z.int().describe('Its position in the input, from 0.'),
  name: z.string().nullable().describe('The name of the server here, if the entry has one.'),
  format: z.enum(['server.json', 'original', 'client', 'set']).nullable(),
  outcome: z
    .enum(['registered', 'updated', 'skipped', 'refused'])
    .describe(
      'skipped: the server is here as it was published, or its name is taken. With dry_run, registered means that it would be registered.',
    ),
  code: z.string().nullable().describe('The error code, if it was refused or skipped because of one.'),
  reason: z.string().nullable(),
  changes: z.array(z.string()).describe('What an update changes.'),
  hints: z.array(z.string()).describe('What remains to be done.'),
});

/** The outcome of an import. */
export const importAnswer = z.strictObject({
  dry_run: z.boolean(),
  registered: z.int(),
  updated: z.int(),
  skipped: z.int(),
  refused: z.int(),
  results: z.array(importResult),
});

type ImportResult = z.output<typeof importResult>;
export type ImportAnswer = z.output<typeof importAnswer>;

/** A page of the MCP registry API. */
const maxEntries = 100;

/** An entry on its way: what the person is told, and the change, until either is final. */
interface One {
  result: ImportResult;
  entry: Entry | undefined;
  planned: Planned | undefined;
}

/**
 * Registers entries, and updates those that were imported before, with the rights of this person. A refused entry does not stop
 * the others. The routes are written once.
 * @param body one entry, a list of up to 100, or a page of the MCP registry API
 * @param dryRun plans only, and answers the same
 * @throws {RegistryError} `input_invalid` for any other body; failures of the registry
 */
export async function importServers(editor: Editor, person: Person, body: unknown, dryRun: boolean) {
  const all = entriesOf(body).map(readOne);
  const servers = await editor.servers();
  nameThem(all, servers);
  await Promise.all(all.map((one) => plan(editor, person, servers, one)));
  if (!dryRun) await carryOut(editor, person, all);
  const results = all.map(({ result }) => result);
  const count = (outcome: ImportResult['outcome']) => results.filter((result) => result.outcome === outcome).length;
  const counts = { registered: count('registered'), updated: count('updated') };
  const others = { skipped: count('skipped'), refused: count('refused') };
  return { dry_run: dryRun, ...counts, ...others, results } satisfies ImportAnswer;
}

function readOne(entry: unknown, index: number): One {
  const result: ImportResult = {
    ...{ index, name: null, format: null, outcome: 'registered', code: null, reason: null },
    ...{ changes: [], hints: [] },
  };
  const one: One = { result, entry: undefined, planned: undefined };
  try {
    one.entry = readEntry(entry);
    const { format, hints, settings } = one.entry;
    Object.assign(result, { format, hints, name: settings.name });
  } catch (error) {
    refuse(one, error);
  }
  return one;
}

/** Gives each entry its name here: that of its server if there is one, else one that no other server and entry has. */
function nameThem(all: readonly One[], servers: readonly RegisteredServer[]): void {
  const taken = new Set(servers.map(({ name }) => name));
  const nameOf = new Map(servers.flatMap(({ name, alias }) => (alias === null ? [] : [[alias, name] as const])));
  const newest = newestOf(all);
  const names = new Set<string>();
  for (const one of all) {
    const { entry, result } = one;
    if (!entry) continue;
    const { alias, name: usual } = entry.settings;
    const published = typeof alias === 'string' ? alias : undefined;
    if (published !== undefined && newest.get(published) !== one) {
      skip(one, 'name_taken', `"${published}" is there twice. The newest version counts.`);
      continue;
    }
    const isTaken = (name: string) => taken.has(name) || names.has(name);
    const name = published === undefined ? usual : (nameOf.get(published) ?? freeName(namesOf(published), isTaken));
    result.name = name;
    if (names.has(name)) skip(one, 'name_taken', `"${name}" is there twice.`);
    names.add(name);
  }
}

/** The newest version of each published server; of equal ones, the first. */
function newestOf(all: readonly One[]): Map<unknown, One> {
  const newest = new Map<unknown, One>();
  for (const one of all) {
    if (!one.entry) continue;
    const { alias, version } = one.entry.settings;
    const best = newest.get(alias);
    if (!best || compareVersions(version, best.entry?.settings.version) > 0) newest.set(alias, one);
  }
  return newest;
}

async function plan(editor: Editor, person: Person, servers: readonly RegisteredServer[], one: One): Promise<void> {
  const { entry, result } = one;
  if (!entry || result.outcome !== 'registered') return;
  try {
    const settings = readRegistration({ ...entry.settings, name: result.name });
    const here = servers.find(({ name }) => name === settings.name);
    const history = here ? await editor.history(here.name) : [];
    const isUpdate =
      here?.alias === settings.alias &&
      isSet(here) === isSet(settings) &&
      (settings.alias !== null || isImported(history));
    editor.requireRegistration(person, settings.name);
    if (!here) {
      one.planned = await editor.plan(person, undefined, settings);
      result.hints = [...result.hints, ...one.planned.warnings];
      return;
    }
    // People who may not change a server must not learn its settings from what would change.
    if (!isUpdate || !editor.mayModify(person, here.name)) throw nameTaken(here.name);
    const { next, changes, kept } = merge(here, settings, Object.keys(entry.settings), history);
    if (kept.length > 0) result.hints = [...result.hints, `Changed here by hand, and kept: ${kept.join(', ')}.`];
    if (compareVersions(settings.version, here.version) < 0)
      return skip(one, null, `Version ${settings.version} is older than ${here.version}, which is here.`);
    if (changes.length === 0) return skip(one, null, 'It is here already, as it was published.');
    one.planned = await editor.plan(person, here, next);
    Object.assign(result, { outcome: 'updated', changes });
  } catch (error) {
    refuse(one, error);
  }
}

async function carryOut(editor: Editor, person: Person, all: readonly One[]): Promise<void> {
  const planned = all.flatMap((one) => (one.planned ? [{ one, step: one.planned }] : []));
  const outcomes = await editor.makeAll(
    person,
    planned.map(({ step }) => step),
  );
  for (const [index, { one }] of planned.entries()) {
    const outcome = outcomes[index];
    if (outcome instanceof RegistryError) refuse(one, outcome);
  }
}

function skip({ result }: One, code: string | null, reason: string): void {
  Object.assign(result, { outcome: 'skipped', code, reason, changes: [] });
}

/** @throws what is a failure of the registry */
function refuse(one: One, error: unknown): void {
  const { result } = one;
  if (error instanceof EntryRefused)
    Object.assign(result, { outcome: 'refused', code: 'input_invalid', reason: error.message });
  else if (!(error instanceof RegistryError) || isOurs(error)) throw error;
  else if (error.code === 'name_taken') skip(one, error.code, reasonOf(error));
  else Object.assign(result, { outcome: 'refused', code: error.code, reason: reasonOf(error), changes: [] });
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
