import type { AuditDatabase } from '../../store/database.ts';
import { signHead } from './heads.ts';
import { createStatements, type MadeStatement } from './statements.ts';

/**
 * Signs heads from time to time.
 * @param place the gateway's address, and the minutes from one head to the next
 * @param made called for each statement
 */
export function createSigning(
  database: AuditDatabase,
  place: { publicUrl: string; headMinutes: number },
  made: (one: MadeStatement) => void,
) {
  const statements = createStatements(database, place.publicUrl, made);
  return {
    /** For statements of dropped and erased records. */
    statements,
    /** Replaces the key and signs a head, if that is due. */
    async work(): Promise<void> {
      await statements.signer.rotate();
      await signHead(database, statements, place.headMinutes);
    },
    /** Signs a head. */
    now: () => signHead(database, statements, 0),
  };
}
