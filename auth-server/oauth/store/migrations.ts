import type { Generated, Kysely } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';
import { addSerialId, type SchemaChanges } from '../../../common/database/migrations.ts';
import { addHolds, type HoldTable } from '../../holds/table.ts';

/** What a code is exchanged for: tokens, or a session. Each endpoint looks for its own kind only. */
export type CodeKind = 'code' | 'session code';

/** The tables as Kysely sees them. Times in seconds since 1970. Keys are digests: a copy of the tables can be used for nothing. */
export interface Schema {
  /** What clients ask for, until a person has answered. */
  oauth_request: {
    id: Generated<number>;
    key: string;
    /** Digest of the cookie of the browser that asks. */
    browser: string;
    asked: string;
    /** What the provider said about the person, encrypted. */
    person: string | null;
    answer: string | null;
    answered_at: number | null;
    expires_at: number;
  };
  /** Logins at the provider that are under way for a request. */
  oauth_login: {
    key: string;
    request: string;
    browser: string;
    attempt: string;
    used_at: number | null;
    expires_at: number;
  };
  /** Codes and refresh tokens. */
  oauth_token: {
    key: string;
    kind: CodeKind | 'refresh';
    sid: string;
    client: string;
    payload: string;
    /** How many refresh tokens of the family came before. */
    generation: number;
    used_at: number | null;
    expires_at: number;
  };
  /** Client metadata documents that were read. */
  oauth_document: { url: string; registration: string; read_at: number; until: number };
  /** People who have gone to a provider to connect an account at a server. */
  account_attempt: {
    key: string;
    /** The session that began, and its person. */
    sid: string;
    subject: string;
    account: string;
    server: string;
    address: string;
    /** What the exchange needs, encrypted; empty when it was used. */
    attempt: string;
    used_at: number | null;
    expires_at: number;
  };
  /** Calls that wait for an approval. */
  hold: HoldTable;
}

/** Every change of the tables. Never edit a change that has been released; add another one. */
export const changes: SchemaChanges = {
  '001-requests-and-tokens': requestsAndTokens,
  '002-client-documents': clientDocuments,
  '003-account-attempts': accountAttempts,
  '004-holds': addHolds,
};

async function requestsAndTokens(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  await addSerialId(db.schema.createTable('oauth_request'), kind)
    .addColumn('key', 'text', (c) => c.notNull().unique())
    .addColumn('browser', 'text', (c) => c.notNull())
    .addColumn('asked', 'text', (c) => c.notNull())
    .addColumn('person', 'text')
    .addColumn('answer', 'text')
    .addColumn('answered_at', 'integer')
    .addColumn('expires_at', 'integer', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('oauth_login')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('request', 'text', (c) => c.notNull())
    .addColumn('browser', 'text', (c) => c.notNull())
    .addColumn('attempt', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'integer', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('oauth_token')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('sid', 'text', (c) => c.notNull())
    .addColumn('client', 'text', (c) => c.notNull())
    .addColumn('payload', 'text', (c) => c.notNull())
    .addColumn('generation', 'integer', (c) => c.notNull())
    .addColumn('used_at', 'integer')
    .addColumn('expires_at', 'integer', (c) => c.notNull())
    .execute();
  const indexes = {
    oauth_request: ['browser', 'expires_at'],
    oauth_login: ['request', 'expires_at'],
    oauth_token: ['sid', 'expires_at'],
  };
  for (const [table, columns] of Object.entries(indexes))
    for (const column of columns) await db.schema.createIndex(`${table}_${column}`).on(table).column(column).execute();
}

async function clientDocuments(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('oauth_document')
    .addColumn('url', 'text', (c) => c.primaryKey())
    .addColumn('registration', 'text', (c) => c.notNull())
    .addColumn('read_at', 'integer', (c) => c.notNull())
    .addColumn('until', 'integer', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('oauth_document_read_at').on('oauth_document').column('read_at').execute();
}

async function accountAttempts(db: Kysely<unknown>): Promise<void> {
  const texts = ['sid', 'subject', 'account', 'server', 'address', 'attempt'];
  let table = db.schema.createTable('account_attempt').addColumn('key', 'text', (c) => c.primaryKey());
  for (const name of texts) table = table.addColumn(name, 'text', (c) => c.notNull());
  await table
    .addColumn('used_at', 'integer')
    .addColumn('expires_at', 'integer', (c) => c.notNull())
    .execute();
  for (const column of ['sid', 'expires_at'])
    await db.schema.createIndex(`account_attempt_${column}`).on('account_attempt').column(column).execute();
}
