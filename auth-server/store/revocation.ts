import type { Database } from '../../common/database/database.ts';
import type { Schema } from './migrations.ts';
import type { RevocationFeed } from './revocation-feed.ts';
import { revocationKey } from './revocation-feed.ts';

/**
 * Revokes the credentials of an account whose sign-in or, for an agent, whose issue was up to `at`, in seconds since 1970.
 * `value` is a username or `sub`, a client id, or empty.
 */
type Revocation = { kind: 'user' | 'client' | 'everybody'; value: string; at: number };

export type RevocationStore = Awaited<ReturnType<typeof createRevocationStore>>;

/**
 * Longer than Cognito lets a sign-in be refreshed: ten years (`RefreshTokenValidity` of an app client), and so longer than any record
 * of a session. Revocations of clients are kept for ever.
 */
const keepSeconds = 3_660 * 86_400;

/** Revocations of accounts: all of them in memory, and in the database for the other processes. */
export async function createRevocationStore({ db }: Database<Schema>, feed: RevocationFeed) {
  let known = new Map<string, number>();
  const load = async () => {
    const rows = await db.selectFrom('revocation').selectAll().execute();
    known = new Map(rows.map(({ kind, value, at }) => [`${kind} ${value}`, at]));
  };
  await load();
  return {
    /** Reads all revocations from the database again. */
    load,
    /** Adds a revocation, and appends it to the feed, which ends what these credentials have open. */
    async add({ kind, value, at }: Revocation) {
      await db.transaction().execute(async (transaction) => {
        const oldest = at - keepSeconds;
        await transaction.deleteFrom('revocation').where('at', '<', oldest).where('kind', '!=', 'client').execute();
        // A machine whose clock is behind must not restore access.
        await transaction
          .insertInto('revocation')
          .values({ kind, value, at })
          .onConflict((c) => c.columns(['kind', 'value']).doUpdateSet({ at }).where('revocation.at', '<', at))
          .execute();
        await feed.append(transaction, [revocationKey(kind, value)]);
      });
      await load();
    },
    /**
     * Whether credentials from `since` (sign-in or issue, in seconds since 1970) under one of these names are revoked. No I/O.
     * @param names of the person or agent, and of the app client and the OAuth client
     */
    covers(since: number, { users, clients }: { users: readonly string[]; clients: readonly string[] }): boolean {
      if (known.size === 0) return false;
      const keys = [
        'everybody ',
        ...users.map((user) => `user ${user}`),
        ...clients.map((client) => `client ${client}`),
      ];
      return keys.some((key) => since <= (known.get(key) ?? -1));
    },
  };
}
