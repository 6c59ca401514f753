import type { Generated, Kysely } from 'kysely';
import type { DatabaseKind } from '../../common/database/database.ts';

/** The keys of one purpose. Times in seconds since 1970. */
export interface KeyTable {
  id: Generated<number>;
  kid: string;
  jwk: string;
  created_at: number;
  signs_since: number | null;
  stopped_at: number | null;
}

/** Makes a table of the form of {@link KeyTable}. */
export async function createKeyTable(db: Kysely<unknown>, kind: DatabaseKind, name: string): Promise<void> {
  await db.schema
    .createTable(name)
    .addColumn('id', kind === 'sqlite' ? 'integer' : 'serial', (c) => c.primaryKey())
    .addColumn('kid', 'text', (c) => c.notNull())
    .addColumn('jwk', 'text', (c) => c.notNull())
    .addColumn('created_at', 'integer', (c) => c.notNull())
    .addColumn('signs_since', 'integer')
    .addColumn('stopped_at', 'integer')
    .execute();
}
