import type { Database } from './database.ts';
import type { EndedStore } from './ended-store.ts';
import { revocationMark } from './revocation-keys.ts';

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
  /** Adds it, and the mark that ends what is open by these credentials. */
  add(revocation: Revocation): Promise<void>;
  /**
   * Whether credentials given out at `issuedAt` (seconds since 1970) to somebody with these names have been ended.
   * No I/O.
   */
  covers(issuedAt: number, names: { users: readonly string[]; clientId: string | undefined }): boolean;
  /** Reads them again. */
  load(): Promise<void>;
}

/** Longer than any token (a day) or session (a week) can live: also one that was being opened just then stays ended. */
const keepSeconds = 8 * 86_400;

/** Not ready before it has been loaded once. */
export async function createRevocationStore({ db }: Database, ended: EndedStore): Promise<RevocationStore> {
  let known = new Map<string, number>();
  const load = async () => {
    const rows = await db.selectFrom('revocation').selectAll().execute();
    known = new Map(rows.map(({ kind, value, at }) => [`${kind} ${value}`, at]));
  };
  await load();
  return {
    load,
    async add({ kind, value, at }) {
      await db.transaction().execute(async (transaction) => {
        await transaction
          .deleteFrom('revocation')
          .where('at', '<', at - keepSeconds)
          .execute();
        // A machine whose clock is behind must not give anything back.
        await transaction
          .insertInto('revocation')
          .values({ kind, value, at })
          .onConflict((c) => c.columns(['kind', 'value']).doUpdateSet({ at }).where('revocation.at', '<', at))
          .execute();
        await ended.addIn(transaction, [revocationMark(kind, value)]);
      });
      await load();
    },
    covers(issuedAt, { users, clientId }) {
      if (known.size === 0) return false;
      const keys = ['everybody ', ...users.map((user) => `user ${user}`), `client ${clientId ?? ''}`];
      return keys.some((key) => issuedAt <= (known.get(key) ?? -1));
    },
  };
}
