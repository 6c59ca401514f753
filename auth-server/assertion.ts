import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Principal } from './principal.ts';
import type { KeyStore } from './store/key-store.ts';

const lifetimeSeconds = 120;
const reuseMilliseconds = 60_000;

/** Signs who is calling, for the upstream that is about to get the call. */
export interface AssertionSigner {
  /**
   * @param principal the caller
   * @param resource the server's name, or `#registry`
   * @param tool the tool that a call names
   * @returns a JWT (EdDSA), good for two minutes at most
   */
  sign(principal: Principal, resource: string, tool?: string): Promise<string>;
  /** Drops reusable assertions: after a policy change they may say too much. */
  forget(): void;
  /** The public keys, as `/.well-known/jwks.json` serves them (RFC 7517). */
  jwks(): { keys: JWK[] };
}

/**
 * A signer with the key kept in `keys`, or a new one on first use. The key is never derived from `SECRET_KEY`, which
 * people keep on laptops: whoever has that could otherwise be anybody to every upstream.
 */
export async function createAssertionSigner(keys: KeyStore, issuer: string): Promise<AssertionSigner> {
  const jwk = keys.load() ?? (await keys.save(await newKey()));
  const key = await importJWK(jwk, 'EdDSA');
  const { kty, crv, x, kid } = jwk;
  const reusable = new LRUCache<string, string>({ max: 10_000, ttl: reuseMilliseconds });
  const sign = (principal: Principal, resource: string, tool: string | undefined) => {
    const end = Math.min(Math.floor(Date.now() / 1000) + lifetimeSeconds, principal.expiresAt);
    return new SignJWT({
      username: principal.username,
      groups: principal.groups,
      scopes: principal.scopes,
      auth_method: principal.authMethod,
      ...(principal.clientId !== undefined && { client_id: principal.clientId }),
      ...(tool !== undefined && { tool }),
    })
      .setProtectedHeader({ alg: 'EdDSA', kid: kid as string, typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(`${issuer}/${resource}`)
      .setSubject(principal.subject)
      .setIssuedAt()
      .setExpirationTime(end)
      .sign(key);
  };
  return {
    async sign(principal, resource, tool) {
      // Signing costs more than the rest of the request, and a caller's next request says the same.
      const who = [
        principal.authMethod,
        principal.sessionId,
        principal.subject,
        principal.clientId,
        principal.expiresAt,
      ];
      const cacheKey = JSON.stringify([who, principal.username, principal.scopes, principal.groups, resource, tool]);
      const kept = reusable.get(cacheKey);
      if (kept !== undefined) return kept;
      const signed = await sign(principal, resource, tool);
      reusable.set(cacheKey, signed);
      return signed;
    },
    forget: () => reusable.clear(),
    jwks: () => ({ keys: [{ kty, crv, x, kid, alg: 'EdDSA', use: 'sig' } as JWK] }),
  };
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk) };
}
