import { decodeJwt, errors } from 'jose';
import { agentWithScopes, type Caller, callerOfClaims, personInGroups, UnusableClaims } from '../../policy/caller.ts';
import type { Policy } from '../../policy/policy.ts';
import { CannotRun, readText } from './files.ts';

type Who = { group?: string[] | undefined; scope?: string[] | undefined; token?: string | undefined };

/**
 * The caller that the options of the command describe, and what has to be said about how sure that is.
 * @throws {CannotRun} unless exactly one of group, scope and token is given, or if the token cannot be read
 */
export function readCaller(policy: Policy, who: Who, env: NodeJS.ProcessEnv): { caller: Caller; notes: string[] } {
  if ([who.group, who.scope, who.token].filter((given) => given !== undefined).length !== 1) {
    throw new CannotRun(
      'Who is it about? Say --group for a person, --scope for an agent, or --token; people hold scopes by their groups only.',
    );
  }
  if (who.group) return { caller: personInGroups(policy, who.group), notes: [] };
  if (who.scope) return { caller: agentWithScopes(policy, who.scope), notes: [] };
  const claims = readClaims(who.token ?? '', env);
  try {
    return { caller: callerOfClaims(policy, claims), notes: notesOn(claims.exp) };
  } catch (error) {
    if (!(error instanceof UnusableClaims)) throw error;
    throw new CannotRun(`The token in ${who.token} is of no use: ${error.message}.`);
  }
}

function readClaims(path: string, env: NodeJS.ProcessEnv): ReturnType<typeof decodeJwt> {
  const text = readText(path, env).trim();
  try {
    return decodeJwt(text);
  } catch (error) {
    if (!(error instanceof errors.JWTInvalid)) throw error;
    throw new CannotRun(`${path} does not hold a JWT (three parts with dots between them).`);
  }
}

function notesOn(exp: number | undefined): string[] {
  const unchecked = 'the token was only read: its signature, issuer, app client and expiry were not checked';
  if (typeof exp !== 'number' || exp * 1000 > Date.now()) return [unchecked];
  return [unchecked, `the token expired at ${new Date(exp * 1000).toISOString()}: the gateway refuses it with 401`];
}
