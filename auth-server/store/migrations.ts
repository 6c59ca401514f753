import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The tables as Kysely sees them. Times in seconds since 1970; lists as JSON text. */
export interface Schema {
  session: { sid: string; sub: string; username: string; groups: string; created_at: number; expires_at: number };
  assertion_key: { id: number; kid: string; jwk: string; created_at: number };
}

/** Every change of the tables, oldest first. A change that has landed is never edited, only followed by another. */
export const migrations: Record<string, Migration> = {
  '001-sessions-and-keys': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('session')
        .addColumn('sid', 'text', (c) => c.primaryKey())
        .addColumn('sub', 'text', (c) => c.notNull())
        .addColumn('username', 'text', (c) => c.notNull())
        .addColumn('groups', 'text', (c) => c.notNull())
        .addColumn('created_at', 'integer', (c) => c.notNull())
        .addColumn('expires_at', 'integer', (c) => c.notNull())
        .execute();
      await db.schema
        .createTable('assertion_key')
        .addColumn('id', 'integer', (c) => c.primaryKey())
        .addColumn('kid', 'text', (c) => c.notNull())
        .addColumn('jwk', 'text', (c) => c.notNull())
        .addColumn('created_at', 'integer', (c) => c.notNull())
        .execute();
    },
  },
};
