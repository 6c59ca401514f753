import { hash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { nowInSeconds } from '../../common/time/now.ts';
import type { Schema } from './migrations.ts';

export type UsedStore = ReturnType<typeof createUsedStore>;

/** Values that may be used once only, in any process and across restarts, until they would have expired anyway. */
export function createUsedStore(db: Kysely<Schema>) {
  return {
    /**
     * Marks a value as used; stored as a digest.
     * @param until when the mark may be deleted, in seconds since 1970
     * @returns false if the value was used before
     */
    async use(value: string, until: number): Promise<boolean> {
      await db.deleteFrom('used').where('until', '<', nowInSeconds()).execute();
      const digest = hash('sha256', value, 'base64url');
      const added = db
        .insertInto('used')
        .values({ digest, until })
        .onConflict((c) => c.column('digest').doNothing());
      return (await added.returning('digest').executeTakeFirst()) !== undefined;
    },
  };
}
