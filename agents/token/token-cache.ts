import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProtectedHeader } from 'jose';
import * as z from 'zod';
import { cognitoIssuer, createStandInFetch, localPoolId } from '../../common/identity/cognito.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import type { Context } from '../lib/context.ts';
import { CommandError, exitCodes } from '../lib/failure.ts';
import type { Print } from '../lib/print.ts';
import { writePrivateFile } from '../lib/private-file.ts';
import { type PoolSettings, poolSettings, type Settings } from '../lib/settings.ts';
import { watchWith } from '../lib/watched-fetch.ts';
import { withLock } from './lock.ts';
import { explainTokenError, grantAgentToken } from './token.ts';
import { noteFetch } from './token-times.ts';

/** An agent's access token. */
export interface AgentToken {
  token: string;
  /** When it leaves the cache, in seconds since 1970: after 80 % of its lifetime. */
  usableUntil: number;
  /** When it expires, in seconds since 1970. */
  expiresAt: number;
  /** Whether it comes from the cache, so that a new one may work if the gateway rejects it. */
  cached: boolean;
}

export interface TokenRequest {
  context: Context;
  settings: Settings;
  print: Print;
  /** Requests a new one despite the cache. */
  fresh?: boolean | undefined;
}

const kept = z
  .object({ token: z.string(), usableUntil: z.number(), expiresAt: z.number(), client: z.string() })
  .transform((found) => ({ ...found, cached: true }));
type Kept = z.output<typeof kept>;
const shareOfLife = 0.8;

/**
 * Returns an access token by client credentials. Caches it in `~/.mcp/tokens` for 80 % of its lifetime, because Cognito
 * bills each. Of several concurrent commands one requests it, and the others use the result.
 * @throws {CommandError} usage for invalid settings, notLoggedIn if Cognito refuses, unreachable if it does not answer
 */
export async function agentToken(request: TokenRequest): Promise<AgentToken> {
  const { context, settings, print, fresh } = request;
  const pool = poolSettings(settings);
  const file = join(context.home, '.mcp', 'tokens', `${keyOf(pool)}.json`);
  const usable = async () => {
    const found = fresh ? undefined : readToken(file);
    return found?.client === digestOf(pool) && (await isSignedByPool(found.token, pool)) ? found : undefined;
  };
  const use = async () => (await usable()) ?? (await fetchToken(request, file));
  const found = (await usable()) ?? (await withLock(`${file}.lock`, use, context.signal));
  const left = Math.round(found.expiresAt - nowInSeconds());
  print.debug(`agent ${pool.COGNITO_CLIENT_ID}: a token that is good for ${left} s more`);
  return found;
}

/** The cache key: everything that determines the token, except the secret, because file names are public. */
function keyOf({
  COGNITO_USER_POOL_ID,
  COGNITO_CLIENT_ID,
  COGNITO_SCOPE,
  COGNITO_LOCAL_ENDPOINT,
}: PoolSettings): string {
  const scope = [...new Set(COGNITO_SCOPE?.split(/\s+/).sort())].join(' ');
  const parts = [cognitoIssuer(COGNITO_USER_POOL_ID), COGNITO_LOCAL_ENDPOINT, COGNITO_CLIENT_ID, scope];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** Of the client and secret that fetched a token: with a wrong one a command must fail, also while an older token is still good. */
function digestOf({ COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET = '' }: PoolSettings): string {
  return createHash('sha256')
    .update(JSON.stringify([COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET]))
    .digest('hex');
}

/**
 * Each stand-in has the same pool and address, but keys of its own. Amazon's pools keep their keys, so they are not asked.
 * A stand-in that does not answer leaves it to the gateway.
 */
async function isSignedByPool(token: string, pool: PoolSettings): Promise<boolean> {
  if (pool.COGNITO_USER_POOL_ID !== localPoolId) return true;
  const issuer = cognitoIssuer(localPoolId);
  const answer = await createStandInFetch(pool.COGNITO_LOCAL_ENDPOINT)(`${issuer}/.well-known/jwks.json`).catch(
    () => undefined,
  );
  const published = jwks.safeParse(await answer?.json().catch(() => undefined)).data;
  return published === undefined || published.keys.some(({ kid }) => kid === decodeProtectedHeader(token).kid);
}

const jwks = z.object({ keys: z.array(z.object({ kid: z.string() })) });

async function fetchToken({ context, settings, print }: TokenRequest, file: string): Promise<AgentToken> {
  const pool = poolSettings(settings);
  const clientId = pool.COGNITO_CLIENT_ID;
  const { token, expiresIn } = await grantAgentToken(settings.env, watchWith(print)).catch((error) => {
    throw explain(error, settings);
  });
  const now = nowInSeconds();
  const granted = { token, usableUntil: now + expiresIn * shareOfLife, expiresAt: now + expiresIn };
  writePrivateFile(file, `${JSON.stringify({ ...granted, client: digestOf(pool) })}\n`);
  const warning = noteFetch(join(context.home, '.mcp', 'token-times.json'), clientId, now);
  if (warning) print.note(warning);
  return { ...granted, cached: false };
}

function readToken(file: string): Kept | undefined {
  try {
    // A file that other users may read or write is not trusted.
    if (statSync(file).mode & 0o077) return undefined;
    const found = kept.parse(JSON.parse(readFileSync(file, 'utf8')));
    return found.usableUntil > nowInSeconds() ? found : undefined;
  } catch {
    return undefined;
  }
}

function explain(error: unknown, { file }: Settings): CommandError {
  const refused = typeof (error as { error?: unknown }).error === 'string';
  const code = refused ? exitCodes.notLoggedIn : exitCodes.unreachable;
  return new CommandError(code, explainTokenError(error), {
    hints: refused ? [`Their settings file is ${file}.`] : [],
    cause: error,
  });
}
