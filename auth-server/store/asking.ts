import { AuthError } from '../errors.ts';

/**
 * Asks the database something that a request waits for.
 * @throws {AuthError} store_unavailable when it cannot be asked, whatever the reason
 */
export async function asking<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (cause) {
    throw new AuthError('store_unavailable', "The gateway's database does not answer at the moment. Try again.", {
      cause,
    });
  }
}
