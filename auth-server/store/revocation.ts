import type { Database } from '../../common/database/database.ts';
import type { Schema } from './migrations.ts';
import type { RevocationFeed } from './revocation-feed.ts';
import { accountRevocationKey } from './revocation-keys.ts';

/** Revokes the credentials of an account that were issued up to a moment. */
interface Revocation {
  kind: 'user' | 'client' | 'everybody';
  /** Username or `sub`, client id, or empty. */
  value: string;
  /** Seconds since 1970. */
  at: number;
}

/** Revocations of accounts: all of them in memory, and in the database for the other processes. */
export interface RevocationStore {
  /** Adds a revocation, and appends it to the feed, which ends what these credentials have open. */
  add(revocation: Revocation): Promise<void>;
  /** Whether credentials issued at `issuedAt` (seconds since 1970) under one of these names are revoked. No I/O. */
  covers(issuedAt: number, names: { users: readonly string[]; clientId: string | undefined }): boolean;
  /** Reads all revocations from the database again. */
  load(): Promise<void>;
}

/** Longer than any token (a day) or session (a week) lives, including one that was just being issued. */
const keepSeconds = 8 * 86_400;

/** Resolves when the revocations are loaded. */
export async function createRevocationStore({ db }: Database<Schema>, feed: RevocationFeed): Promise<RevocationStore> {
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
        // A machine whose clock is behind must not restore access.
        await transaction
          .insertInto('revocation')
          .values({ kind, value, at })
          .onConflict((c) => c.columns(['kind', 'value']).doUpdateSet({ at }).where('revocation.at', '<', at))
          .execute();
        await feed.append(transaction, [accountRevocationKey(kind, value)]);
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
