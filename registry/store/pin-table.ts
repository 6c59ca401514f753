import type { Kysely } from 'kysely';
import type { Definition, DefinitionParts } from '../servers/definition.ts';
import { type Actor, noteChange } from './change-log.ts';
import { type RegistryDatabase, type Writing, writing } from './database.ts';
import type { Schema } from './migrations.ts';
import { readServer } from './server-table.ts';

/** One definition of a tool that is kept: the approved one, or the one that waits. */
export interface KeptDefinition extends Definition {
  at: Date;
  /** Who approved it; undefined while it waits. */
  by?: string;
}

/** What is known of the tools of one server. */
export interface ServerPins {
  /** When they were first seen; undefined if they never were. */
  baseline: Date | undefined;
  pins: Map<string, KeptDefinition>;
  pending: Map<string, KeptDefinition>;
}

/** The names only, of every server whose tools were ever seen: those that are approved, and those that wait. */
export type PinnedNames = ReadonlyMap<
  string,
  { approved: ReadonlyMap<string, string>; pending: ReadonlyMap<string, string> }
>;

/** What one look at a server, or one approval, changes. */
export interface PinChange {
  baseline?: Date;
  pin?: readonly Definition[];
  wait?: readonly Definition[];
  /** Names that do not wait any more. */
  settle?: readonly string[];
  /** What the change log says of it, and who did it. */
  note?: { action: 'first-seen' | 'approve'; by: Actor; fields: Record<string, { from: unknown; to: unknown }> };
}

/** The approved definitions, in the database. */
export interface PinTable {
  /** A number that is another whenever anything changed. */
  version(): Promise<number>;
  names(): Promise<PinnedNames>;
  of(server: string): Promise<ServerPins>;
  /**
   * Changes what is known of one server's tools, one process at a time.
   * @param decide says what to change, from what is known; nothing to change if it returns nothing
   */
  change(server: string, at: Date, decide: (known: ServerPins) => PinChange | undefined): Promise<void>;
}

const versionKey = 'pins';

/** Makes the {@link PinTable} over the registry's database. */
export function createPinTable(database: RegistryDatabase): PinTable {
  const { db } = database;
  return {
    version: () => readVersion(db),
    names: () => readNames(db),
    of: (server) => readPins(db, server),
    change: (server, at, decide) =>
      writing(database, async (transaction) => {
        // A look at a server that was deleted meanwhile must not leave anything behind.
        if (!(await readServer(transaction, server))) return;
        const change = decide(await readPins(transaction, server));
        if (change) await apply(transaction, server, at, change);
      }),
  };
}

/** Forgets the tools of a server, in the transaction that deletes it. */
export async function forgetPins(transaction: Writing, server: string): Promise<void> {
  for (const table of ['tool_baseline', 'tool_pin', 'tool_pending'] as const)
    await transaction.deleteFrom(table).where('server', '=', server).execute();
  await bump(transaction);
}

async function readVersion(db: Kysely<Schema>): Promise<number> {
  const row = await db.selectFrom('registry_state').select('value').where('key', '=', versionKey).executeTakeFirst();
  return Number(row?.value ?? 0);
}

async function bump(transaction: Writing): Promise<void> {
  const value = String((await readVersion(transaction)) + 1);
  const put = transaction.insertInto('registry_state').values({ key: versionKey, value });
  await put.onConflict((c) => c.column('key').doUpdateSet({ value })).execute();
}

async function readNames(db: Kysely<Schema>): Promise<PinnedNames> {
  const all = new Map<string, { approved: Map<string, string>; pending: Map<string, string> }>();
  for (const { server } of await db.selectFrom('tool_baseline').select('server').execute())
    all.set(server, { approved: new Map(), pending: new Map() });
  for (const { server, name, hash } of await db.selectFrom('tool_pin').select(['server', 'name', 'hash']).execute())
    all.get(server)?.approved.set(name, hash);
  for (const { server, name, hash } of await db.selectFrom('tool_pending').select(['server', 'name', 'hash']).execute())
    all.get(server)?.pending.set(name, hash);
  return all;
}

async function readPins(db: Kysely<Schema>, server: string): Promise<ServerPins> {
  const baseline = await db.selectFrom('tool_baseline').select('at').where('server', '=', server).executeTakeFirst();
  const pins = await db.selectFrom('tool_pin').selectAll().where('server', '=', server).execute();
  const pending = await db.selectFrom('tool_pending').selectAll().where('server', '=', server).execute();
  const kept = ({ name, hash, parts, at }: (typeof pending)[number]): KeptDefinition => ({
    name,
    hash,
    parts: parts === null ? null : (JSON.parse(parts) as DefinitionParts),
    at: new Date(at),
  });
  return {
    baseline: baseline && new Date(baseline.at),
    pins: new Map(pins.map((row) => [row.name, { ...kept(row), by: row.by_name }])),
    pending: new Map(pending.map((row) => [row.name, kept(row)])),
  };
}

async function apply(transaction: Writing, server: string, at: Date, change: PinChange): Promise<void> {
  const { baseline, pin = [], wait = [], settle = [], note } = change;
  const time = at.toISOString();
  const toRow = ({ name, hash, parts }: Definition) => ({
    server,
    name,
    hash,
    parts: parts && JSON.stringify(parts),
    at: time,
  });
  if (baseline) await transaction.insertInto('tool_baseline').values({ server, at: time }).execute();
  const over = [...pin, ...wait].map(({ name }) => name).concat(settle);
  for (const name of over)
    await transaction.deleteFrom('tool_pending').where('server', '=', server).where('name', '=', name).execute();
  for (const { name } of pin)
    await transaction.deleteFrom('tool_pin').where('server', '=', server).where('name', '=', name).execute();
  const by_name = note?.by.username ?? '';
  for (const each of pin)
    await transaction
      .insertInto('tool_pin')
      .values({ ...toRow(each), by_name })
      .execute();
  for (const each of wait) await transaction.insertInto('tool_pending').values(toRow(each)).execute();
  if (note) await noteChange(transaction, { at, server, ...note });
  await bump(transaction);
}
