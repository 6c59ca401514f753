import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import * as z from 'zod';
import { resourceOf } from '../../identity/resource.ts';
import { OAuthError } from '../oauth-error.ts';

/** The `typ` of an Identity Assertion JWT Authorization Grant. No token of the gateway has it. */
const typ = 'oauth-id-jag+jwt';
const algorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];
/** The longest life of an assertion, and how far the clock of its issuer may be off, in seconds. */
const longestLife = 300;
const skewSeconds = 30;

/** An assertion that has passed all checks but one: whether it was used before. */
export interface Assertion {
  issuer: string;
  sub: string;
  /** One of the gateway's, as `resourceOf` spells it. */
  resource: string;
  jti: string;
  iat: number;
  exp: number;
  claims: JWTPayload;
}

export interface AssertionChecks {
  /** REGISTRY_URL. */
  publicUrl: string;
  /** The client that has authenticated itself. */
  clientId: string;
  /** The keys of the issuers that it may bring assertions of, by issuer. */
  keys: ReadonlyMap<string, JWTVerifyGetKey>;
}

const times = z.object({ iat: z.number(), exp: z.number() });
const ofOneLine = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\p{Cc}]*$/u);

/**
 * Checks an assertion (draft-ietf-oauth-identity-assertion-authz-grant, section "Access Token Request"; RFC 7523 section 3).
 * No key is looked for before the issuer is known to be a trusted one.
 * @throws {OAuthError} invalid_grant with the reason; invalid_target for a resource that is none of the gateway's
 * @throws {DocumentError} if the issuer's keys cannot be had
 */
export async function checkAssertion(token: string, checks: AssertionChecks): Promise<Assertion> {
  const { publicUrl, clientId, keys } = checks;
  const issuer = issuerOf(token);
  const find = keys.get(issuer);
  if (!find) throw refused('its issuer is not one that this client may bring assertions of');
  const audience = [publicUrl, `${publicUrl}/`];
  const currentDate = new Date(Date.now());
  const options = {
    algorithms,
    typ,
    issuer,
    audience,
    clockTolerance: skewSeconds,
    currentDate,
    maxTokenAge: longestLife,
  };
  const { payload: claims } = await jwtVerify(token, find, options).catch((error: unknown) => {
    throw explain(error);
  });
  if (typeof claims.aud !== 'string' && claims.aud?.length !== 1) throw refused('its aud has more than this gateway');
  const { iat, exp } = times.safeParse(claims).data ?? {};
  if (iat === undefined || exp === undefined) throw refused('its exp is missing');
  if (exp - iat > longestLife) throw refused(`it is valid for longer than ${longestLife} seconds`);
  const sub = ofOneLine.safeParse(claims.sub).data;
  if (sub === undefined) throw refused('its sub is not good');
  if (claims.client_id !== clientId) throw refused('its client_id is not the client that has authenticated itself');
  const resource = typeof claims.resource === 'string' ? resourceOf(publicUrl, claims.resource) : undefined;
  if (resource === undefined) throw refused('its resource is not a server of this gateway', 'invalid_target');
  const jti = ofOneLine.safeParse(claims.jti).data;
  if (jti === undefined) throw refused('its jti is not good');
  return { issuer, sub, resource, jti, iat, exp, claims };
}

/** An assertion that is not accepted. @param why a clause, such as `it has expired` */
export function refused(why: string, code: 'invalid_grant' | 'invalid_target' = 'invalid_grant', cause?: unknown) {
  const error = new OAuthError(
    code,
    `The assertion is not accepted: ${why}. Ask the identity provider for another one.`,
  );
  error.cause = cause;
  return error;
}

/** The issuer that the assertion names. Verifies no signature. */
function issuerOf(token: string): string {
  try {
    if (decodeProtectedHeader(token).typ !== typ) throw refused(`its typ is not ${typ}`);
    return decodeJwt(token).iss ?? '';
  } catch (error) {
    if (error instanceof OAuthError) throw error;
    throw refused('it is not a JWT', 'invalid_grant', error);
  }
}

const reasons: Readonly<Record<string, string>> = {
  aud: 'its aud is not this gateway, as REGISTRY_URL spells it',
  exp: 'its exp is not good',
  iat: 'its iat is missing or in the future',
  nbf: 'its nbf is in the future, or not good',
};

function explain(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return refused('it has expired', 'invalid_grant', error);
  if (error instanceof errors.JWTClaimValidationFailed)
    return refused(reasons[error.claim] ?? 'its claims are not good', 'invalid_grant', error);
  if (error instanceof errors.JOSEError)
    return refused('it is not signed with a key of its issuer', 'invalid_grant', error);
  return error;
}
