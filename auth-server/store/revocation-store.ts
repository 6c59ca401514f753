import type { Kysely } from 'kysely';
import type { Schema } from './migrations.ts';

/** Whose credentials an operator has ended: those given out up to a moment. */
export interface Revocation {
  kind: 'user' | 'client' | 'everybody';
  /** Username or `sub`, client id, or empty. */
  value: string;
  /** Seconds since 1970. */
  at: number;
}

/** Revocations: all in memory, and in the database for every other process. */
export interface RevocationStore {
  add(revocation: Revocation): Promise<void>;
  /**
   * Whether credentials given out at `issuedAt` (seconds since 1970) to somebody with these names have been ended.
   * No I/O.
   */
  covers(issuedAt: number, names: { users: readonly string[]; clientId: string | undefined }): boolean;
  /** Reads them again. */
  load(): Promise<void>;
}

/** Longer than any token of Cognito's can live (one day), so that none outlives its revocation. */
const keepSeconds = 2 * 86_400;

/** Not ready before it has been loaded once. */
export async function createRevocationStore(db: Kysely<Schema>): Promise<RevocationStore> {
  let known = new Map<string, number>();
  const load = async () => {
    const rows = await db.selectFrom('revocation').selectAll().execute();
    known = new Map(rows.map(({ kind, value, at }) => [`${kind} ${value}`, at]));
  };
  await load();
  return {
    load,
    async add({ kind, value, at }) {
      await db
        .deleteFrom('revocation')
        .where('at', '<', at - keepSeconds)
        .execute();
      const newer = db.insertInto('revocation').values({ kind, value, at });
      await newer.onConflict((c) => c.columns(['kind', 'value']).doUpdateSet({ at })).execute();
      await load();
    },
    covers(issuedAt, { users, clientId }) {
      if (known.size === 0) return false;
      const keys = ['everybody ', ...users.map((user) => `user ${user}`), `client ${clientId ?? ''}`];
      return keys.some((key) => issuedAt <= (known.get(key) ?? -1));
    },
  };
}
