import { decodeJwt, errors } from 'jose';
import { agentWithScopes, callerOfClaims, personInGroups, UnusableClaims } from '../../policy/caller.ts';
import type { Policy } from '../../policy/policy.ts';
import { CommandError, type Context } from '../command.ts';
import { readText } from './files.ts';

type Who = { group?: readonly string[]; scope?: readonly string[]; token?: string };

/**
 * The caller that the options describe, with notes on how reliable that is.
 * @throws {CommandError} unless exactly one of group, scope and token is given, or if the token cannot be read
 */
export async function readCaller(policy: Policy, who: Who, context: Context) {
  if ([who.group, who.scope, who.token].filter((given) => given !== undefined).length !== 1) {
    throw new CommandError(
      'Who is the caller? Give --group for a person, --scope for an agent, or --token. People hold scopes only by their groups.',
    );
  }
  if (who.group) return { caller: personInGroups(policy, who.group), notes: [] };
  if (who.scope) return { caller: agentWithScopes(policy, who.scope), notes: [] };
  const claims = await readClaims(who.token ?? '', context);
  try {
    return { caller: callerOfClaims(policy, claims), notes: notesOn(claims.exp) };
  } catch (error) {
    if (!(error instanceof UnusableClaims)) throw error;
    throw new CommandError(`The token in ${who.token} cannot be used: ${error.message}.`);
  }
}

async function readClaims(path: string, context: Context): Promise<ReturnType<typeof decodeJwt>> {
  const text = (await readText(path, context)).trim();
  try {
    return decodeJwt(text);
  } catch (error) {
    if (!(error instanceof errors.JWTInvalid)) throw error;
    throw new CommandError(`${path} does not hold a JWT (three parts with dots between them).`);
  }
}

function notesOn(exp: number | undefined): string[] {
  const unchecked = 'the token was only read: its signature, issuer, app client and expiry were not checked';
  if (typeof exp !== 'number' || exp * 1000 > Date.now()) return [unchecked];
  return [unchecked, `the token expired at ${new Date(exp * 1000).toISOString()}: the gateway refuses it with 401`];
}
