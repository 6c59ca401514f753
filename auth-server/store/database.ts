import type { Kysely } from 'kysely';
import type { Schema } from './migrations.ts';

/** An open database, whichever it is. */
export interface Database {
  db: Kysely<Schema>;
  /** Something that is another value as soon as another process may have changed what is kept in memory here. */
  version(): Promise<unknown>;
  /** Overwrites what was deleted, as far as that is in our hands. */
  scrub(): Promise<void>;
  close(): Promise<void>;
}
