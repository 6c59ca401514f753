import type { JWTPayload } from 'jose';
import { startCognito } from '../stand-in/start.ts';
import { keys, personClaims, type Shape, startAuthServer } from './auth-fixture.ts';

/**
 * An auth-server with its user pool for all tests of a file; closed after them. Call it at the top of the file.
 * @param change what differs from the usual auth-server
 */
export async function authServerWithPool(change: Partial<Shape> = {}) {
  const cognito = await startCognito({ keys });
  const auth = await startAuthServer(cognito.url, change);
  afterAll(async () => {
    await auth.close();
    await cognito.close();
  });
  return {
    cognito,
    auth,
    /** The Authorization header with an access token of the pool, alice's unless claims are given. */
    bearer: async (claims: JWTPayload = personClaims()) => ({
      Authorization: `Bearer ${await cognito.control.mint('access', claims)}`,
    }),
  };
}
