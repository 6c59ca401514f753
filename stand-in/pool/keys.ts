import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import * as z from 'zod';
import { ConfigError } from '../../common/text/config-error.ts';

const privateJwk = z.looseObject({ kty: z.literal('RSA'), n: z.string(), e: z.string(), d: z.string() });
const keysFile = z.object({ id: privateJwk, access: privateJwk });

/** A signing key and its public half in the JWKS. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** A pool has two keys: one signs id tokens, the other access tokens (Cognito, "Verifying JSON web tokens"). */
export type PoolKeys = Record<'id' | 'access', SigningKey>;

/** A new 2048-bit RSA key pair, for RS256. */
export async function newSigningKey(): Promise<SigningKey> {
  return signingKey(await newPrivateJwk());
}

/**
 * Loads the pool's keys from `file` and creates the file if it is missing. Without `file`, it generates new keys.
 * @param file JSON with two private JWKs; written with mode 0600
 * @throws {ConfigError} if the file exists and does not hold two RSA keys
 */
export async function loadKeys(file?: string): Promise<PoolKeys> {
  const kept = file === undefined ? undefined : readKeysFile(file);
  const jwks = kept ?? { id: await newPrivateJwk(), access: await newPrivateJwk() };
  if (file !== undefined && !kept) writeKeysFile(file, jwks);
  return { id: await signingKey(jwks.id), access: await signingKey(jwks.access) };
}

async function newPrivateJwk(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return exportJWK(privateKey);
}

async function signingKey(jwk: JWK): Promise<SigningKey> {
  const { kty, n, e } = jwk;
  const privateKey = await importJWK(jwk, 'RS256');
  if (privateKey instanceof Uint8Array || !n || !e) throw new Error('a pool key must be an RSA key');
  // Cognito's key ids are standard base64 with padding: they contain "+", "/" and "=", which clients must handle.
  const kid = Buffer.from(await calculateJwkThumbprint(jwk), 'base64url').toString('base64');
  return { kid, privateKey, publicJwk: { alg: 'RS256', e, kid, kty: kty ?? 'RSA', n, use: 'sig' } };
}

function readKeysFile(file: string): { id: JWK; access: JWK } | undefined {
  try {
    return keysFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ConfigError([`COGNITO_KEYS_FILE: ${file} does not hold two RSA keys: delete it, new ones will be made`]);
  }
}

function writeKeysFile(file: string, keys: { id: JWK; access: JWK }): void {
  mkdirSync(dirname(file), { recursive: true });
  // Rename into place, so that an aborted start leaves no half-written file.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(keys), { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, file);
}
