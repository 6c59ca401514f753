import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import { parseJson } from '../../../common/text/json.ts';
import { DocumentError } from '../clients/document-fetch.ts';
import type { TrustedIssuer } from './trust-file.ts';

/** Reads a document of an issuer. @throws {DocumentError} */
export type ReadDocument = (url: URL) => Promise<{ text: string }>;

/** How long keys are used, and the least time between two attempts: forged assertions must not make a flood of them. */
const keepMilliseconds = 600_000;
const pauseMilliseconds = 30_000;

const httpsAddress = z.url({ protocol: /^https$/ });
const keySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

/**
 * The keys of a trusted issuer: those of the settings, or those that it publishes. Fetched when first needed, after ten
 * minutes, and for a key that is not among them.
 * @param now milliseconds of a monotonic clock
 * @returns finds the key of a signature. Throws {@link DocumentError} if the keys cannot be had
 */
export function createIssuerKeys(
  trusted: Pick<TrustedIssuer, 'issuer' | 'jwks' | 'jwksUri'>,
  read: ReadDocument,
  now = () => performance.now(),
): JWTVerifyGetKey {
  if (trusted.jwks) return createLocalJWKSet(trusted.jwks as JSONWebKeySet);
  let kept: { find: JWTVerifyGetKey; at: number } | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let trying: Promise<void> | undefined;
  const fetchKeys = async () => {
    const keys = keySet.safeParse(parseJson((await read(await keysAddress(trusted, read))).text)).data;
    if (!keys) throw new DocumentError('it is not a set of keys', false);
    kept = { find: createLocalJWKSet(keys as JSONWebKeySet), at: now() };
  };
  const renew = async () => {
    if (!trying && now() - triedAt < pauseMilliseconds) return;
    triedAt = trying ? triedAt : now();
    trying ??= fetchKeys().finally(() => {
      trying = undefined;
    });
    await trying;
  };
  const current = () => (kept && now() - kept.at < keepMilliseconds ? kept.find : undefined);
  return async (header, token) => {
    if (!current()) await renew();
    const find = current();
    if (!find) throw new DocumentError('its keys could not be read a moment ago', true);
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await renew();
      return await (current() ?? find)(header, token);
    }
  };
}

/** @throws {DocumentError} if the discovery document (OpenID Connect Discovery section 4) is of another issuer or names no keys */
async function keysAddress({ issuer, jwksUri }: Pick<TrustedIssuer, 'issuer' | 'jwksUri'>, read: ReadDocument) {
  if (jwksUri !== undefined) return new URL(jwksUri);
  const { text } = await read(new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`));
  const document = z.looseObject({ issuer: z.literal(issuer), jwks_uri: httpsAddress }).safeParse(parseJson(text)).data;
  if (!document) throw new DocumentError('its discovery document is of another issuer, or names no keys', false);
  return new URL(document.jwks_uri);
}
