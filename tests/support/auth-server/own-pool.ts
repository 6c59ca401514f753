import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createTokenVerifier } from '../../../auth-server/cognito/cognito-token.ts';

export const publicUrl = 'https://gw.example';
export const pool = 'us-east-1_Pool';
export const issuer = `https://cognito-idp.us-east-1.amazonaws.com/${pool}`;
const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
export const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] };
export const now = () => Math.floor(Date.now() / 1000);

/** A valid token. Each test changes one thing; a claim of `undefined` is left out. */
export function token(change: Record<string, unknown> = {}, kid = 'k1'): Promise<string> {
  const claims = {
    iss: issuer,
    token_use: 'access',
    client_id: 'web',
    sub: 'alice',
    username: 'Alice',
    'cognito:groups': ['g', 'h'],
    scope: 'a/b c/d',
    iat: now(),
    exp: now() + 60,
    ...change,
  };
  return new SignJWT(JSON.parse(JSON.stringify(claims))).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey);
}

/** The real verifier, whose pool answers with `keys`, and the requests that the pool got. */
export function verifierOf(keys: () => object = () => jwks) {
  const seen = { asked: [] as string[], brought: 0 };
  const cache = new SimpleJwksCache({
    fetcher: {
      fetch: async (uri) => {
        seen.asked.push(uri);
        const { buffer, byteOffset, byteLength } = new TextEncoder().encode(JSON.stringify(keys()));
        return buffer.slice(byteOffset, byteOffset + byteLength);
      },
    },
  });
  const verifier = createTokenVerifier({
    userPoolId: pool,
    allowedClientIds: ['web', 'agent'],
    publicUrl,
    jwksCache: cache,
    keysFetched: () => void seen.brought++,
  });
  return { ...verifier, seen };
}
