import { AuthError } from '../denials/auth-error.ts';

/** A kept connection that was cut while nobody used it; PostgreSQL's codes say that an administrator ended it. */
const lostConnection = new Set(['EPIPE', 'ECONNRESET', '57P01', '57P02']);

/**
 * Asks the database something that a request waits for. A connection that turns out to be dead says nothing about the
 * database: then it is asked once more, over another.
 * @param query reads only, for it may be sent twice
 * @throws {AuthError} store_unavailable when it cannot be asked, whatever the reason
 */
export async function asking<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query().catch((error: unknown) => {
      if (isLostConnection(error)) return query();
      throw error;
    });
  } catch (cause) {
    throw new AuthError('store_unavailable', "The gateway's database does not answer at the moment. Try again.", {
      cause,
    });
  }
}

function isLostConnection(error: unknown): boolean {
  if (!Error.isError(error)) return false;
  return ('code' in error && lostConnection.has(String(error.code))) || /^Connection terminated/.test(error.message);
}
