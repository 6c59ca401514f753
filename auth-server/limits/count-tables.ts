import { type Kysely, sql } from 'kysely';
import type { SchemaChanges } from '../../common/database/migrations.ts';

/** The tables as Kysely sees them. Times in seconds since 1970, by the clock of the database. */
export interface Schema {
  /** The calls of one caller in one window. */
  limit_count: {
    /** Digest of what is counted. */
    counter: string;
    /** `person` or `agent`, and the subject. */
    caller: string;
    starts_at: number;
    ends_at: number;
    calls: number;
    /** How many are allowed, and the caller's name: as of the last call. */
    most: number;
    name: string;
  };
  /** The processes that count. */
  limit_process: {
    id: string;
    /** Number of the last batch of counts that was added. */
    batch: number;
    seen_at: number;
  };
}

/** The part of a limit that is used, as the index has it. With a fraction: both databases cut the quotient of whole numbers. */
export const usedPart = sql.raw('calls * 1.0 / most');

/** Every change of the tables. Never edit a change that has been released; add another one. */
export const changes: SchemaChanges = { '001-counts': counts };

async function counts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('limit_count')
    .addColumn('counter', 'text', (c) => c.notNull())
    .addColumn('caller', 'text', (c) => c.notNull())
    .addColumn('starts_at', 'integer', (c) => c.notNull())
    .addColumn('ends_at', 'integer', (c) => c.notNull())
    .addColumn('calls', 'integer', (c) => c.notNull())
    .addColumn('most', 'integer', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('limit_count_key', ['caller', 'counter', 'starts_at'])
    .execute();
  await db.schema.createIndex('limit_count_ends_at').on('limit_count').column('ends_at').execute();
  // Who is nearest is looked for among all counts of a day.
  await sql`create index limit_count_used on limit_count ((${usedPart}))`.execute(db);
  await db.schema
    .createTable('limit_process')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('batch', 'integer', (c) => c.notNull())
    .addColumn('seen_at', 'integer', (c) => c.notNull())
    .execute();
}
