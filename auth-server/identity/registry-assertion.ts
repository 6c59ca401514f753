import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload } from 'jose';
import { verifySigned } from '../../common/identity/verify-signed.ts';
import type { AssertionSigner } from './assertion.ts';

/**
 * Reads what the registry passes on to an inner route: the assertion that was issued for a person and the registry.
 * @param assertion the value of `X-Mcp-Assertion`
 * @returns its claims; undefined if it is not good, or for another place
 */
export async function readRegistryAssertion(
  { publicUrl, assertions }: { publicUrl: string; assertions: AssertionSigner },
  assertion = '',
): Promise<JWTPayload | undefined> {
  const keys = createLocalJWKSet((await assertions.jwks()) as JSONWebKeySet);
  const verified = verifySigned(assertion, keys, publicUrl, `${publicUrl}/#registry`, { clockTolerance: 0 });
  return await verified.catch(() => undefined);
}
