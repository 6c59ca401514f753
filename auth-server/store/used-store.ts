import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { nowInSeconds } from '../../common/time/now.ts';
import type { Schema } from './migrations.ts';

/** Remembers what may be used once only, for every process and across restarts, until it would be too old anyway. */
export interface UsedStore {
  /**
   * Notes that something is used now.
   * @param what kept as a digest
   * @param until when it may be forgotten, in seconds since 1970
   * @returns false if it was used before
   */
  use(what: string, until: number): Promise<boolean>;
}

export function createUsedStore(db: Kysely<Schema>): UsedStore {
  return {
    async use(what, until) {
      await db.deleteFrom('used').where('until', '<', nowInSeconds()).execute();
      const digest = createHash('sha256').update(what).digest('base64url');
      const added = db
        .insertInto('used')
        .values({ digest, until })
        .onConflict((c) => c.column('digest').doNothing());
      return (await added.returning('digest').executeTakeFirst()) !== undefined;
    },
  };
}
