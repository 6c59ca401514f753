import type { Kysely, Transaction } from 'kysely';

/** An open database, whichever it is. `Schema` is its tables. */
export interface Database<Schema> {
  db: Kysely<Schema>;
  /**
   * Waits until no other process is at the same; it stays so until the transaction ends.
   * @param turn number of what only one may be at: its own for each purpose, also across services
   */
  alone(transaction: Transaction<Schema>, turn: number): Promise<void>;
  close(): Promise<void>;
}

/** Which database: each numbers rows in its own way. */
export type DatabaseKind = 'sqlite' | 'postgres';
