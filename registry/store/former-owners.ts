import type { Kysely } from 'kysely';
import type { Owner } from '../servers/server.ts';
import type { Writing } from './database.ts';
import type { Schema } from './tables/schema.ts';

/**
 * Keeps who owned a name, in the transaction that gives it up: rules of the policy may still name it.
 * @param isUndone the server was never reached: an earlier owner of the name stays its last one
 */
export async function keepFormerOwner(
  transaction: Writing,
  server: string,
  owner: Owner | null | undefined,
  isUndone = false,
): Promise<void> {
  const row = { server, owner_sub: owner?.sub ?? null };
  const query = transaction.insertInto('former_owner').values(row);
  const kept = query.onConflict((conflict) => {
    const known = conflict.column('server');
    return isUndone ? known.doNothing() : known.doUpdateSet(row);
  });
  await kept.execute();
}

/** The subject of the last owner of a name that was given up; null if it had none. */
export async function readFormerOwner(db: Kysely<Schema>, server: string): Promise<string | null> {
  const found = db.selectFrom('former_owner').select('owner_sub').where('server', '=', server);
  return (await found.executeTakeFirst())?.owner_sub ?? null;
}
