import type { Kysely } from 'kysely';
import { type Definition, type DefinitionParts, saysReadOnly } from '../servers/definition.ts';
import { type Actor, noteChange, type ServerChange } from './change-log.ts';
import { putState, type RegistryDatabase, readState, type Writing, writing } from './database.ts';
import { readServer } from './servers.ts';
import { headersText, type Schema } from './tables/schema.ts';

/** A stored definition of a tool: the approved one, or one that waits for approval. */
interface KeptDefinition extends Definition {
  at: Date;
  /** Who approved it; undefined while it waits. */
  by?: string;
  /** A person approved it, so its hints count. */
  byPerson?: boolean;
  /** A person keeps the approved definition instead. It counts again once a check has seen it. */
  rejected?: boolean;
}

/** The definitions of one server's tools, by tool name. */
export interface ServerDefinitions {
  /** When the registry first read the server's tools; undefined if it never did. */
  firstSeenAt: Date | undefined;
  approved: Map<string, KeptDefinition>;
  pending: Map<string, KeptDefinition>;
}

/** Hashes of the definitions by tool name, for every server whose tools the registry has read. */
export type DefinitionHashes = ReadonlyMap<
  string,
  {
    approved: ReadonlyMap<string, string>;
    pending: ReadonlyMap<string, string>;
    /** Names of tools whose pending definition was rejected. */
    rejected: ReadonlySet<string>;
    /** Names of tools whose approved definition says that they only read, if a person approved it. */
    readOnly: ReadonlySet<string>;
  }
>;

/** What one check of a server, or one approval, changes. */
export interface DefinitionChange {
  firstSeenAt?: Date;
  approve?: readonly Definition[];
  /** Names of tools whose approved definition a person approves as well. */
  confirm?: readonly string[];
  /** Whether a person does it. */
  byPerson?: boolean;
  hold?: readonly Definition[];
  /** Names of tools whose pending definition is dropped. */
  drop?: readonly string[];
  /** Names of tools whose pending definition is rejected. It stays until a check has seen the approved one. */
  reject?: readonly string[];
  /** The entry for the change log. */
  note?: { action: 'first-seen' | 'approve'; by: Actor; fields: ServerChange['fields'] };
}

export type DefinitionTable = ReturnType<typeof createDefinitionTable>;

const versionKey = 'pins';

/** Makes the table of approved and pending definitions over the registry's database. */
export function createDefinitionTable(database: RegistryDatabase) {
  const { db } = database;
  return {
    /** A number that changes with every write. */
    version: () => readVersion(db),
    hashes: () => readHashes(db),
    /** The names of headers that callers of approved tools send (SEP-2243), by server. */
    headers: () => readHeaders(db),
    of: (server: string) => readDefinitions(db, server),
    /**
     * Changes the definitions of one server's tools, one process at a time.
     * @param decide returns the change to make to what is stored, or undefined for none
     */
    change: (server: string, at: Date, decide: (known: ServerDefinitions) => DefinitionChange | undefined) =>
      writing(database, async (transaction) => {
        // The server may have been deleted during the check.
        if (!(await readServer(transaction, server))) return;
        const change = decide(await readDefinitions(transaction, server));
        if (change) await apply(transaction, server, at, change);
      }),
  };
}

const tables = ['tool_baseline', 'tool_pin', 'tool_pending'] as const;

/** Deletes the definitions of a server's tools, in the transaction that deletes the server. */
export async function forgetDefinitions(transaction: Writing, server: string): Promise<void> {
  for (const table of tables) await transaction.deleteFrom(table).where('server', '=', server).execute();
  await bumpVersion(transaction);
}

/** Moves the definitions of a server's tools to its new name, in the transaction that renames the server. */
export async function renameDefinitions(transaction: Writing, from: string, to: string): Promise<void> {
  for (const table of tables)
    await transaction.updateTable(table).set({ server: to }).where('server', '=', from).execute();
  await bumpVersion(transaction);
}

async function readVersion(db: Kysely<Schema>): Promise<number> {
  return Number((await readState(db, versionKey)) ?? 0);
}

async function bumpVersion(transaction: Writing): Promise<void> {
  await putState(transaction, versionKey, String((await readVersion(transaction)) + 1));
}

interface MutableHashes {
  approved: Map<string, string>;
  pending: Map<string, string>;
  rejected: Set<string>;
  readOnly: Set<string>;
}

async function readHashes(db: Kysely<Schema>): Promise<DefinitionHashes> {
  const all = new Map<string, MutableHashes>();
  for (const { server } of await db.selectFrom('tool_baseline').select('server').execute())
    all.set(server, { approved: new Map(), pending: new Map(), rejected: new Set(), readOnly: new Set() });
  for (const [table, state] of [
    ['tool_pin', 'approved'],
    ['tool_pending', 'pending'],
  ] as const)
    for (const { server, name, hash } of await db.selectFrom(table).select(['server', 'name', 'hash']).execute())
      all.get(server)?.[state].set(name, hash);
  const rejected = db.selectFrom('tool_pending').select(['server', 'name']).where('rejected', '=', 1);
  for (const { server, name } of await rejected.execute()) all.get(server)?.rejected.add(name);
  const readOnly = db.selectFrom('tool_pin').select(['server', 'name']).where('by_person', '=', 1);
  for (const { server, name } of await readOnly.where('read_only', '=', 1).execute())
    all.get(server)?.readOnly.add(name);
  return all;
}

async function readHeaders(db: Kysely<Schema>): Promise<Map<string, string[]>> {
  const rows = await db.selectFrom('tool_pin').select(['server', 'headers']).where('headers', 'is not', null).execute();
  const all = new Map<string, string[]>();
  for (const { server, headers } of rows) all.set(server, [...(all.get(server) ?? []), ...(headers ?? '').split(',')]);
  return all;
}

async function readDefinitions(db: Kysely<Schema>, server: string): Promise<ServerDefinitions> {
  const first = await db.selectFrom('tool_baseline').select('at').where('server', '=', server).executeTakeFirst();
  const approved = await db.selectFrom('tool_pin').selectAll().where('server', '=', server).execute();
  const pending = await db.selectFrom('tool_pending').selectAll().where('server', '=', server).execute();
  const kept = ({
    name,
    hash,
    parts,
    at,
  }: Omit<(typeof pending)[number], 'unusable' | 'rejected'>): KeptDefinition => ({
    name,
    hash,
    parts: parts === null ? null : (JSON.parse(parts) as DefinitionParts),
    at: new Date(at),
  });
  return {
    firstSeenAt: first && new Date(first.at),
    approved: new Map(
      approved.map((row) => [row.name, { ...kept(row), by: row.by_name, byPerson: row.by_person === 1 }]),
    ),
    pending: new Map(
      pending.map((row) => [
        row.name,
        { ...kept(row), unusable: row.unusable ?? undefined, rejected: row.rejected === 1 },
      ]),
    ),
  };
}

/** Rows of one statement. A statement for each tool would keep the process busy for a fifth of a second. */
const rowsAtOnce = 100;

async function apply(transaction: Writing, server: string, date: Date, change: DefinitionChange): Promise<void> {
  const { firstSeenAt, approve = [], confirm = [], hold = [], drop = [], reject = [], note } = change;
  const at = date.toISOString();
  const by_person = Number(change.byPerson ?? false);
  const toRow = ({ name, hash, parts }: Definition) => {
    return { server, name, hash, parts: parts && JSON.stringify(parts), at };
  };
  const remove = async (table: 'tool_pin' | 'tool_pending', names: readonly string[]) => {
    for (const some of chunks(names))
      await transaction.deleteFrom(table).where('server', '=', server).where('name', 'in', some).execute();
  };
  if (firstSeenAt) await transaction.insertInto('tool_baseline').values({ server, at }).execute();
  await remove('tool_pending', [...[...approve, ...hold].map((each) => each.name), ...drop]);
  await remove(
    'tool_pin',
    approve.map((each) => each.name),
  );
  for (const some of chunks(approve)) {
    const rows = some.map((definition) => {
      const headers = headersText(definition.parts?.inputSchema);
      const read_only = Number(saysReadOnly(definition.parts?.annotations));
      return { ...toRow(definition), by_name: note?.by.username ?? '', headers, by_person, read_only };
    });
    await transaction.insertInto('tool_pin').values(rows).execute();
  }
  for (const some of chunks(confirm)) {
    const approved = transaction.updateTable('tool_pin').where('server', '=', server).where('name', 'in', some);
    await approved.set({ by_person, by_name: note?.by.username ?? '', at }).execute();
  }
  for (const some of chunks(reject)) {
    const waiting = transaction.updateTable('tool_pending').set({ rejected: 1 }).where('server', '=', server);
    await waiting.where('name', 'in', some).execute();
  }
  for (const some of chunks(hold)) {
    const rows = some.map((definition) => ({
      ...toRow(definition),
      unusable: definition.unusable ?? null,
      rejected: null,
    }));
    await transaction.insertInto('tool_pending').values(rows).execute();
  }
  if (note) await noteChange(transaction, { at: date, server, ...note });
  await bumpVersion(transaction);
}

function* chunks<T>(items: readonly T[]): Generator<T[]> {
  for (let from = 0; from < items.length; from += rowsAtOnce) yield items.slice(from, from + rowsAtOnce);
}
