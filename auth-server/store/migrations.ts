import { type Generated, type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The tables as Kysely sees them. Times in seconds since 1970; lists as JSON text. */
export interface Schema {
  session: { sid: string; sub: string; username: string; groups: string; created_at: number; expires_at: number };
  assertion_key: {
    id: Generated<number>;
    kid: string;
    jwk: string;
    created_at: number;
    signs_since: number | null;
    stopped_at: number | null;
  };
  binding: {
    key: string;
    kind: string;
    server: string;
    id: string;
    owner: string;
    target: string | null;
    used_at: number;
  };
  ended: { id: Generated<number>; mark: string; at: number };
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
  '002-key-rotation': {
    async up(db: Kysely<unknown>) {
      await db.schema.alterTable('assertion_key').addColumn('signs_since', 'integer').execute();
      await db.schema.alterTable('assertion_key').addColumn('stopped_at', 'integer').execute();
      // Until now there was one key, and it signed from the moment it was made.
      await sql`update assertion_key set signs_since = created_at`.execute(db);
    },
  },
  '003-bindings-and-ends': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('binding')
        .addColumn('key', 'text', (c) => c.primaryKey())
        .addColumn('kind', 'text', (c) => c.notNull())
        .addColumn('server', 'text', (c) => c.notNull())
        .addColumn('id', 'text', (c) => c.notNull())
        .addColumn('owner', 'text', (c) => c.notNull())
        .addColumn('target', 'text')
        .addColumn('used_at', 'integer', (c) => c.notNull())
        .execute();
      await db.schema.createIndex('binding_owner').on('binding').columns(['owner', 'kind', 'used_at']).execute();
      await db.schema.createIndex('binding_used').on('binding').column('used_at').execute();
      await db.schema
        .createTable('ended')
        .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
        .addColumn('mark', 'text', (c) => c.notNull())
        .addColumn('at', 'integer', (c) => c.notNull())
        .execute();
    },
  },
};
