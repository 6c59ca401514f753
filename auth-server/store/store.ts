import { sql } from 'kysely';
import { type Database, ping } from '../../common/database/database.ts';
import { databaseIn, openDatabase } from '../../common/database/open.ts';
import { interval } from '../../common/time/interval.ts';
import { type AccountStore, DatabaseAccounts } from './accounts/account.ts';
import { createAccountClientStore } from './accounts/client.ts';
import { createDepartedStore } from './accounts/departed.ts';
import { createLockedStore } from './accounts/locked.ts';
import { isAccountChange } from './accounts/marks.ts';
import { createMoveStore } from './accounts/move.ts';
import { type BindingLimits, type BindingStore, DatabaseBindings } from './binding.ts';
import { createKeyStore, type KeyDatabase } from './key.ts';
import { changes, type Schema, turns } from './migrations.ts';
import { createPeopleDirectory } from './people/directory.ts';
import { createEndedAccess } from './people/ended-access.ts';
import { createPersonStore } from './people/person.ts';
import { createPolicyProposalStore } from './policy/proposal.ts';
import { createPolicyVersionStore } from './policy/version.ts';
import { createRevocationStore } from './revocation.ts';
import { createRevocationFeed, type RevocationFeed } from './revocation-feed.ts';
import { createSecretStore } from './secret.ts';
import { DatabaseSessions, type SessionStore } from './session.ts';
import { createUsedStore } from './used.ts';

/** Everything the auth-server keeps between restarts. */
export type Store = Awaited<ReturnType<typeof openStore>>;

const changeCheckMilliseconds = 400;
const writeUseMilliseconds = 30_000;
const bindingLimits: BindingLimits = { idleSeconds: 86_400, perServer: 1_000, perOwner: 5_000 };
/** While the database is down, records in memory are used for this long. After that, requests are refused. */
const memorySeconds = 60;

/**
 * Opens the store and brings its tables up to date. Records in use are also in memory; another process's change empties
 * that memory within half a second.
 * @param where a folder for `auth-server.db`, or `postgres://…`
 * @param lookedUp called for each look-up of a session in memory
 * @param onFailure receives the error of a background query that failed
 * @param memory seconds for which a record in memory is used without reading it again
 */
export async function openStore(
  where: string,
  lookedUp: (hit: boolean) => void = () => undefined,
  limits: BindingLimits = bindingLimits,
  onFailure: (error: unknown) => void = () => undefined,
  memory = memorySeconds,
) {
  // Kysely's own prefix, which the tables of the first versions have.
  const database = await openDatabase<Schema>(databaseIn(where, 'auth-server.db'), changes, 'kysely', onFailure);
  const { db } = database;
  // Deleted private keys would otherwise stay readable in the file's free pages.
  if (database.kind === 'sqlite') await sql`pragma secure_delete = on`.execute(db);

  const state = { version: undefined as unknown, cursor: 0 };
  const revocationFeed = createRevocationFeed(database, () => state.cursor);
  const bindings = new DatabaseBindings(db, limits, memory);
  const sessions = new DatabaseSessions(database, revocationFeed, lookedUp, memory);
  const accounts = new DatabaseAccounts(database, revocationFeed, memory);
  const look = async () => ({
    version: await dataVersion(database),
    cursor: (await revocationFeed.since(undefined)).last,
  });
  // Before the revocations are loaded, so that one made in between counts as a change.
  Object.assign(state, await look());
  const revocations = await createRevocationStore(database, revocationFeed);
  const flush = async () => void (await Promise.all([bindings.flush(), sessions.flush(), accounts.flush()]));
  // People's tokens are renewed all day: sessions in memory must not suffer from it.
  const isAboutAccounts = async (now: typeof state) => {
    const { last, keys } = await revocationFeed.since(state.cursor);
    accounts.dropChanged(keys);
    const isWhole = now.version === state.version && now.cursor >= state.cursor && last >= now.cursor;
    return isWhole && keys.every(isAccountChange);
  };
  const refresh = async () => {
    const now = await look();
    if (now.version === state.version && now.cursor === state.cursor) return;
    if (await isAboutAccounts(now)) return void Object.assign(state, now);
    accounts.forget();
    sessions.forget();
    bindings.forget();
    await revocations.load();
    // Last: if the revocations could not be loaded, the next check tries again.
    Object.assign(state, now);
  };
  const timers = [
    interval(writeUseMilliseconds, flush, onFailure),
    interval(changeCheckMilliseconds, refresh, onFailure),
  ];
  return {
    sessions: sessions as SessionStore,
    people: createPersonStore(database, revocationFeed, sessions),
    directory: createPeopleDirectory(db),
    endedAccess: createEndedAccess(db),
    ...accountStores(database, accounts, revocationFeed),
    revocations,
    revocationFeed,
    /** The keys that sign assertions. */
    keys: createKeyStore(keyDatabase(database), 'assertion'),
    accessTokenKeys: createKeyStore(keyDatabase(database), 'access-token'),
    bindings: bindings as BindingStore,
    used: createUsedStore(db),
    secrets: createSecretStore(db),
    policyVersions: createPolicyVersionStore(database),
    policyProposals: createPolicyProposalStore(database),
    /** Rejects when the database does not answer. */
    ping: () => ping(db),
    async close() {
      for (const timer of timers) clearInterval(timer);
      await flush().catch(onFailure);
      await database.close();
    },
  };
}

/** People's accounts at servers, what is to be revoked of them, and the gateway's registrations at providers. */
function accountStores(database: Database<Schema>, accountRows: AccountStore, feed: RevocationFeed) {
  return {
    accountRows,
    departedAccounts: createDepartedStore(database),
    accountClients: createAccountClientStore(database),
    lockedAccounts: createLockedStore(database),
    accountMoves: createMoveStore(database, feed),
  };
}

function keyDatabase({ kind, db, alone }: Database<Schema>): KeyDatabase {
  return {
    kind,
    // Each purpose has its own table in one of the databases.
    db: db as unknown as KeyDatabase['db'],
    alone: (work) =>
      db.transaction().execute(async (transaction) => {
        await alone(transaction, turns.keys);
        return await work(transaction as unknown as KeyDatabase['db']);
      }),
  };
}

/**
 * SQLite's number that changes when another process has written anything. PostgreSQL has none, and needs none: whatever
 * takes a right away also appends to the revocation feed.
 */
async function dataVersion({ kind, db }: Database<Schema>): Promise<unknown> {
  if (kind === 'postgres') return undefined;
  return (await sql<{ data_version: number }>`pragma data_version`.execute(db)).rows[0]?.data_version;
}
