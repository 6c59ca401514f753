import { type JWTPayload, SignJWT } from 'jose';
import { type Ticket, ticketAudience } from '../../common/identity/ticket.ts';
import { boundedCache } from '../../common/service/bounded-cache.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import { createKeyRotation, type KeyRotation } from '../keys/key-rotation.ts';
import { createSigningKeys } from '../keys/signing-keys.ts';
import type { KeyStore } from '../store/key.ts';
import { perPrincipal } from './per-principal.ts';
import type { Principal } from './principal.ts';

const lifetimeSeconds = 120;
const reuseMilliseconds = 60_000;
/** Longer ones are signed each time: a caller could fill the memory with tickets of long lists of resources. */
const longestReused = 2_048;

/** Signs the caller's identity for the upstream that gets the call. */
export type AssertionSigner = Awaited<ReturnType<typeof createAssertionSigner>>;

/**
 * A signer with the keys in `keys`; it creates the first one.
 * @param issuer the gateway's public origin
 * @param rotation replaces the keys; called here only when there is no key to sign with
 * @param lookedUp called for each look-up in the cache of assertions
 */
export async function createAssertionSigner(
  keys: KeyStore,
  issuer: string,
  rotation: KeyRotation = createKeyRotation(keys),
  lookedUp: (hit: boolean) => void = () => undefined,
) {
  const signing = createSigningKeys(keys, rotation);
  await signing.current();
  const reusable = boundedCache<string, { signed: string; at: number }>(10_000);
  const signJwt = async (claims: JWTPayload, audience: string, ends: number) => {
    const { kid, alg, key } = await signing.current();
    return new SignJWT(claims)
      .setProtectedHeader({ alg, kid, typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(Math.min(nowInSeconds() + lifetimeSeconds, ends))
      .sign(key);
  };
  // Signing costs more than the rest of the request, and a caller's next request needs the same assertion.
  const find = (cacheKey: string) => {
    const kept = reusable.get(cacheKey);
    // By the wall clock, which verifiers use too: after a jump of it, an assertion may be too old or from the future.
    const age = kept === undefined ? Number.NaN : Date.now() - kept.at;
    const isGood = kept !== undefined && age >= 0 && age < reuseMilliseconds;
    lookedUp(isGood);
    return isGood ? kept.signed : undefined;
  };
  const keep = (cacheKey: string, signed: string) => {
    if (cacheKey.length > longestReused) return signed;
    reusable.set(cacheKey, { signed, at: Date.now() });
    return signed;
  };
  return {
    /**
     * @param resource the server's name, or `#registry`
     * @param tool the tool that a call names
     * @returns a JWT (EdDSA), valid for two minutes at most; synchronously if the same one was signed recently
     */
    sign(principal: Principal, resource: string, tool?: string): string | Promise<string> {
      // No resource contains a space.
      const cacheKey = `${resource} ${contentOf(principal)} ${tool ?? ''}`;
      const kept = find(cacheKey);
      if (kept !== undefined) return kept;
      const { subject: sub, username, groups, scopes, authMethod: auth_method, clientId, expiresAt } = principal;
      const optional = {
        ...(clientId !== undefined && { client_id: clientId }),
        ...(tool !== undefined && { tool }),
        ...(resource === '#registry' && forRegistry(principal)),
      };
      const claims = { sub, username, groups: [...groups], scopes: [...scopes], auth_method, ...optional };
      return signJwt(claims, `${issuer}/${resource}`, expiresAt).then((signed) => keep(cacheKey, signed));
    },
    /** Signs a ticket: valid for two minutes, and for the relay only. */
    async signTicket(ticket: Ticket): Promise<string> {
      const cacheKey = JSON.stringify(ticket);
      return find(cacheKey) ?? keep(cacheKey, await signJwt({ ...ticket }, ticketAudience(issuer), ticket.ends));
    },
    /** Drops cached assertions: after a policy change they may grant too much. */
    forget: () => reusable.clear(),
    /** The public keys, as `/.well-known/jwks.json` serves them (RFC 7517). */
    jwks: signing.jwks,
  };
}

/**
 * For its pages. An MCP server could take a name that its caller has chosen for an identity. Only a browser's session with a
 * record is named: a page that gives power opens for nothing else.
 */
function forRegistry({ shownName: shown_name, sessionId, authMethod }: Principal): JWTPayload {
  return { shown_name, ...(authMethod === 'session_cookie' && { sid: sessionId }) };
}

/** What an assertion says about a principal, as text: principals with the same text share assertions. */
const contentOf = perPrincipal((principal) => {
  const { authMethod, sessionId, subject, clientId, expiresAt, username, shownName = null, scopes, groups } = principal;
  return JSON.stringify([authMethod, sessionId, subject, clientId, expiresAt, username, shownName, scopes, groups]);
});
