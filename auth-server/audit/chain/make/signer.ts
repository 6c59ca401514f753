import type { JWK } from 'jose';
import { sql } from 'kysely';
import { createKeyRotation, publicHalf } from '../../../keys/key-rotation.ts';
import { createSigningKeys } from '../../../keys/signing-keys.ts';
import { createKeyStore, type KeyDatabase } from '../../../store/key.ts';
import type { AuditDatabase } from '../../store/database.ts';
import { turns } from '../../store/schema.ts';

/**
 * The keys that sign statements. They are beside the records, so that a copy of the one has the other; who may write the
 * database can sign in any case.
 */
export function createSigner({ kind, main, alone }: AuditDatabase) {
  const keys: KeyDatabase = {
    kind,
    db: main as unknown as KeyDatabase['db'],
    async alone(work) {
      // A private half would otherwise stay readable in the file's free pages.
      if (kind === 'sqlite') await sql`pragma secure_delete = on`.execute(main);
      return await alone(turns.keys, (on) => work(on as unknown as KeyDatabase['db']));
    },
  };
  const store = createKeyStore(keys, 'audit');
  const rotation = createKeyRotation(store);
  return {
    /** Replaces the key when it is due. */
    rotate: async () => void (await rotation.step()),
    current: createSigningKeys(store, rotation).current,
    /** All public keys, also those that sign no more. */
    publicKeys: async (): Promise<JWK[]> => (await store.list()).map(({ jwk }) => publicHalf(jwk)),
  };
}
