import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Schema } from './migrations.ts';

/** What each secret is for. */
export type SecretName = 'client-registrations' | 'refresh-tokens' | 'personal-tokens';

export type SecretStore = ReturnType<typeof createSecretStore>;

/** Random secrets that are made once and never change, shared by all processes. They do not depend on SECRET_KEY. */
export function createSecretStore(db: Kysely<Schema>) {
  return {
    /** @returns 32 bytes, the same for each call and process */
    async get(name: SecretName): Promise<Uint8Array> {
      const made = { name, value: randomBytes(32).toString('base64url') };
      await db
        .insertInto('secret')
        .values(made)
        .onConflict((c) => c.column('name').doNothing())
        .execute();
      const { value } = await db
        .selectFrom('secret')
        .select('value')
        .where('name', '=', name)
        .executeTakeFirstOrThrow();
      return Buffer.from(value, 'base64url');
    },
  };
}
