import type { Kysely, Transaction } from 'kysely';
import type { Schema } from './migrations.ts';

/** What only one transaction may be at, of all processes. */
export type Turn = 'ended' | 'keys';

/** An open database, whichever it is. */
export interface Database {
  db: Kysely<Schema>;
  /** Waits until no other process is at the same; it stays so until the transaction ends. */
  alone(transaction: Transaction<Schema>, turn: Turn): Promise<void>;
  /** Another value as soon as another process has written anything, if the database tells; a mark among the ended does. */
  version(): Promise<unknown>;
  /** Overwrites what was deleted, as far as that is in our hands. */
  scrub(): Promise<void>;
  close(): Promise<void>;
}
