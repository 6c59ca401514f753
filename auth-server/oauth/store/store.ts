import { databaseIn, openDatabase } from '../../../common/database/open.ts';
import { changes, type Schema } from './migrations.ts';

export type OAuthStore = Awaited<ReturnType<typeof openOAuthStore>>;

/**
 * Opens what the auth-server keeps for a short time: requests, codes, refresh tokens and held calls.
 * @param where a folder for `oauth.db`, or `postgres://…`. Not the auth-server's own SQLite file: each write there makes
 *   other processes drop the sessions that they have in memory, and strangers can cause these writes
 * @param onFailure receives the error of an idle connection that broke
 */
export async function openOAuthStore(where: string, onFailure: (error: unknown) => void = () => undefined) {
  return await openDatabase<Schema>(databaseIn(where, 'oauth.db'), changes, 'oauth', onFailure);
}
