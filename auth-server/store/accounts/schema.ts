import { type Generated, type Kysely, sql } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';
import { addSerialId } from '../../../common/database/migrations.ts';

/** The tables of people's accounts at servers, as Kysely sees them. Times in seconds since 1970, by the database's clock. */
export interface AccountSchema {
  account: {
    /** accounts/account-key.ts */
    key: string;
    subject: string;
    account: string;
    server: string;
    /** The server's whole address when the account was connected. */
    address: string;
    /** Digest of issuer, client and prefixes of the entry (common/upstream-secrets). */
    identity: string;
    /** Tokens and client, locked under the accounts key with `key` as additional data. */
    locked: string;
    /** Space-separated, as the provider granted them. */
    scopes: string;
    /** Name of the account at the provider. */
    shown_name: string | null;
    state: 'ok' | 'ended' | 'more_scopes' | 'refuses';
    /** 0 after a restore: not used until a refresh has confirmed it. */
    confirmed: number;
    has_refresh_token: number;
    created_at: number;
    /** Grows with each new token. */
    version: number;
    expires_at: number | null;
    /** When it is to be refreshed ahead. */
    refresh_at: number | null;
    used_at: number;
    /** Whether it was used since it was last refreshed. */
    is_used: number;
    forced_at: number;
    leased_until: number;
    fence: number;
  };
  /** Tokens to revoke at their providers: what was disconnected or unused. */
  account_departed: {
    id: Generated<number>;
    /** Additional data of `locked`. */
    key: string;
    account: string;
    /** Of the entry under which the tokens were made: they never go to another provider. */
    identity: string;
    locked: string;
    created_at: number;
    retry_at: number;
    tries: number;
  };
  /** The gateway as a client of providers that it has registered with, one for each issuer. */
  account_client: {
    issuer: string;
    locked: string;
    created_at: number;
  };
}

export async function accounts(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  const account = db.schema.createTable('account').addColumn('key', 'text', (c) => c.primaryKey());
  const texts = ['subject', 'account', 'server', 'address', 'identity', 'locked', 'scopes', 'state'];
  const numbers = ['confirmed', 'has_refresh_token', 'created_at', 'version', 'used_at', 'is_used', 'forced_at'];
  const withTexts = texts.reduce((table, name) => table.addColumn(name, 'text', (c) => c.notNull()), account);
  const withNumbers = [...numbers, 'leased_until', 'fence'].reduce(
    (table, name) => table.addColumn(name, 'integer', (c) => c.notNull().defaultTo(0)),
    withTexts,
  );
  await withNumbers
    .addColumn('shown_name', 'text')
    .addColumn('expires_at', 'integer')
    .addColumn('refresh_at', 'integer')
    .execute();
  await db.schema.createIndex('account_subject').on('account').column('subject').execute();
  await db.schema.createIndex('account_used').on('account').column('used_at').execute();
  // What is due to be refreshed: few of many rows.
  await sql`create index account_due on account (refresh_at) where is_used = 1`.execute(db);
  await addSerialId(db.schema.createTable('account_departed'), kind)
    .addColumn('key', 'text', (c) => c.notNull())
    .addColumn('account', 'text', (c) => c.notNull())
    .addColumn('identity', 'text', (c) => c.notNull())
    .addColumn('locked', 'text', (c) => c.notNull())
    .addColumn('created_at', 'integer', (c) => c.notNull())
    .addColumn('retry_at', 'integer', (c) => c.notNull())
    .addColumn('tries', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema
    .createTable('account_client')
    .addColumn('issuer', 'text', (c) => c.primaryKey())
    .addColumn('locked', 'text', (c) => c.notNull())
    .addColumn('created_at', 'integer', (c) => c.notNull())
    .execute();
}
