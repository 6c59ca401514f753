import type { Kysely } from 'kysely';
import { RegistryError } from '../errors/registry-error.ts';
import type { SetMember } from '../servers/server.ts';
import { type Actor, noteChange } from './change-log.ts';
import { type RegistryDatabase, type Writing, writing } from './database.ts';
import { renameDefinitions } from './definitions.ts';
import { keepFormerOwner } from './former-owners.ts';
import { renameObservations } from './observations.ts';
import { renameRequests } from './requests.ts';
import { readServer } from './servers.ts';
import { nameTaken } from './store.ts';
import type { Schema } from './tables/schema.ts';

/** A server's old name and its new one. */
export interface Renaming {
  from: string;
  to: string;
}

/**
 * Whether a server can be renamed, and how much moves with it. Changes nothing.
 * @returns `isDone` if an earlier call has renamed it
 * @throws {RegistryError} `not_found`, or `name_taken`
 */
export async function planRenaming(db: Kysely<Schema>, { from, to }: Renaming) {
  const isDone = await wasRenamed(db, { from, to });
  const server = isDone ? to : from;
  if (!(await readServer(db, server))) throw new RegistryError('not_found', `There is no server called "${from}".`);
  if (!isDone && (await readServer(db, to))) throw nameTaken(to);
  const count = async (table: 'tool_pin' | 'server_change') => {
    const rows = db.selectFrom(table).select((e) => e.fn.countAll<number | string>().as('count'));
    return Number((await rows.where('server', '=', server).executeTakeFirstOrThrow()).count);
  };
  return { isDone, tools: await count('tool_pin'), changes: await count('server_change') };
}

/**
 * Renames a server in one transaction, with its approved tools, history and health. Running registries follow as they follow
 * each change. Does nothing if an earlier call has done it.
 * @throws {RegistryError} as {@link planRenaming}
 */
export async function renameServer(database: RegistryDatabase, renaming: Renaming, by: Actor): Promise<void> {
  await writing(database, async (transaction) => {
    const { isDone } = await planRenaming(transaction, renaming);
    if (!isDone) await rename(transaction, renaming, by);
  });
}

async function rename(transaction: Writing, { from, to }: Renaming, by: Actor): Promise<void> {
  const at = new Date();
  const change = { at, action: 'rename', by, fields: { name: { from, to } } } as const;
  await renameDefinitions(transaction, from, to);
  await renameObservations(transaction, from, to);
  await renameRequests(transaction, from, to);
  await renameInSets(transaction, { from, to }, change);
  await transaction.updateTable('server_change').set({ server: to }).where('server', '=', from).execute();
  // The old name stays one that was used: rules for it may apply to the next server of that name.
  await noteChange(transaction, { ...change, server: from });
  const revision = await noteChange(transaction, { ...change, server: to });
  await keepFormerOwner(transaction, from, (await readServer(transaction, from))?.owner);
  const row = { name: to, revision, updated_at: at.toISOString() };
  await transaction.updateTable('server').set(row).where('name', '=', from).execute();
}

/** Puts the new name of a server into the sets that have it. */
async function renameInSets(
  transaction: Writing,
  { from, to }: Renaming,
  { at, action, by }: { at: Date; action: 'rename'; by: Actor },
): Promise<void> {
  const rows = transaction.selectFrom('server').select(['name', 'members']).where('members', 'is not', null);
  for (const { name, members: text } of await rows.execute()) {
    const members = JSON.parse(text ?? '[]') as SetMember[];
    if (!members.some(({ server }) => server === from)) continue;
    const renamed = members.map((member) => (member.server === from ? { ...member, server: to } : member));
    const fields = { members: { from: members, to: renamed } };
    const revision = await noteChange(transaction, { at, server: name, action, by, fields });
    const row = { members: JSON.stringify(renamed), revision, updated_at: at.toISOString() };
    await transaction.updateTable('server').set(row).where('name', '=', name).execute();
  }
}

/** Whether the server called `to` got this name from `from`, and no server is called `from`. */
async function wasRenamed(db: Kysely<Schema>, { from, to }: Renaming): Promise<boolean> {
  if (await readServer(db, from)) return false;
  const all = db.selectFrom('server_change').select(['action', 'fields']).where('server', '=', to);
  const rows = await all.where('action', 'in', ['rename', 'delete']).orderBy('id', 'desc').limit(1).execute();
  return rows.some(({ action, fields }) => action === 'rename' && JSON.parse(fields).name?.from === from);
}
