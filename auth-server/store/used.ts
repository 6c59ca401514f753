import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { nowInSeconds } from '../../common/time/now.ts';
import type { Schema } from './migrations.ts';

/** Values that may be used once only, in any process and across restarts, until they would have expired anyway. */
export interface UsedStore {
  /**
   * Marks a value as used.
   * @param value stored as a digest
   * @param until when the mark may be deleted, in seconds since 1970
   * @returns false if the value was used before
   */
  use(value: string, until: number): Promise<boolean>;
}

export function createUsedStore(db: Kysely<Schema>): UsedStore {
  return {
    async use(value, until) {
      await db.deleteFrom('used').where('until', '<', nowInSeconds()).execute();
      const digest = createHash('sha256').update(value).digest('base64url');
      const added = db
        .insertInto('used')
        .values({ digest, until })
        .onConflict((c) => c.column('digest').doNothing());
      return (await added.returning('digest').executeTakeFirst()) !== undefined;
    },
  };
}
