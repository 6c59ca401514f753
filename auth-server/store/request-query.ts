import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';

/** Errors of a pooled connection that was cut while idle; PostgreSQL's codes mean that an administrator ended it. */
const lostConnection = new Set(['EPIPE', 'ECONNRESET', '57P01', '57P02']);

/**
 * Runs a query that a request waits for. A dead connection says nothing about the database, so the query is then
 * repeated once on another one.
 * @param query reads only, because it may run twice
 * @throws {AuthError} store_unavailable when the query fails, for any reason
 */
export async function requestQuery<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query().catch((error: unknown) => {
      if (isLostConnection(error)) return query();
      throw error;
    });
  } catch (cause) {
    throw new AuthError('store_unavailable', texts.store_unavailable, { cause });
  }
}

function isLostConnection(error: unknown): boolean {
  if (!Error.isError(error)) return false;
  return ('code' in error && lostConnection.has(String(error.code))) || /^Connection terminated/.test(error.message);
}
