import type { Kysely } from 'kysely';
import { nowInSeconds } from '../../common/time/now.ts';
import type { AccountServer, ConnectAttempt } from '../accounts/accounts.ts';
import type { TokenVault } from '../cognito/token-vault.ts';
import type { Schema } from '../oauth/store/migrations.ts';
import { digest } from '../oauth/store/tokens.ts';

/** Who began, in which browser session. */
export interface Beginner {
  sid: string;
  subject: string;
}

/** An attempt that was found by its state. */
export interface FoundAttempt extends Beginner {
  at: AccountServer;
  isUsed: boolean;
}

/** How long a person may take at the provider. */
const attemptSeconds = 600;
/** Some tabs. Beyond this, the oldest of the session is dropped. */
const mostPerSession = 10;

export type ConnectAttempts = ReturnType<typeof createConnectAttempts>;

/**
 * The attempts to connect an account that are under way. A row is found by the digest of its state, and used once, by the session
 * that began. What the exchange needs never leaves the server, and is encrypted here.
 */
export function createConnectAttempts(db: Kysely<Schema>, vault: TokenVault) {
  return {
    async add({ sid, subject }: Beginner, { server, account, address }: AccountServer, attempt: ConnectAttempt) {
      const now = nowInSeconds();
      await db.deleteFrom('account_attempt').where('expires_at', '<=', now).execute();
      const locked = await vault.lock(JSON.stringify(attempt));
      const row = { key: digest(attempt.state), sid, subject, account, server, address, attempt: locked };
      await db
        .insertInto('account_attempt')
        .values({ ...row, used_at: null, expires_at: now + attemptSeconds })
        .execute();
      const own = db.selectFrom('account_attempt').select('key').where('sid', '=', sid).orderBy('expires_at', 'desc');
      const surplus = await own.orderBy('key').offset(mostPerSession).limit(mostPerSession).execute();
      const keys = surplus.map(({ key }) => key).filter((key) => key !== row.key);
      if (keys.length > 0) await db.deleteFrom('account_attempt').where('key', 'in', keys).execute();
    },
    /** @returns undefined if there is none with this state, or it is too old */
    async find(state: string): Promise<FoundAttempt | undefined> {
      const row = await rowOf(state);
      if (!row) return undefined;
      const { sid, subject, account, server, address, used_at } = row;
      return { sid, subject, at: { account, server, address }, isUsed: used_at !== null };
    },
    /**
     * Uses an attempt up.
     * @returns what the exchange needs; undefined if it was used already, another session began, or `SECRET_KEY` has changed
     */
    async use(state: string, { sid, subject }: Beginner): Promise<ConnectAttempt | undefined> {
      const row = await rowOf(state);
      if (row?.sid !== sid || row.subject !== subject) return undefined;
      const unused = db.updateTable('account_attempt').where('key', '=', row.key).where('used_at', 'is', null);
      const { numUpdatedRows } = await unused.set({ used_at: nowInSeconds(), attempt: '' }).executeTakeFirst();
      if (numUpdatedRows === 0n) return undefined;
      const opened = await vault.unlock(row.attempt).catch(() => undefined);
      return opened === undefined ? undefined : (JSON.parse(opened) as ConnectAttempt);
    },
  };

  async function rowOf(state: string) {
    const one = db.selectFrom('account_attempt').selectAll().where('key', '=', digest(state));
    const row = await one.executeTakeFirst();
    return row && row.expires_at > nowInSeconds() ? row : undefined;
  }
}
