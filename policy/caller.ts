import { isKnownScope, type Policy, scopesOfGroups } from './policy.ts';

/** Somebody whose rights are asked about, as far as the policy knows them. */
export interface Caller {
  kind: 'person' | 'agent';
  /** Groups that the policy knows; none for an agent. */
  groups: readonly string[];
  scopes: readonly string[];
  /** Groups (of a person) or scopes (of an agent) that were claimed and that the policy does not know. */
  unknown: readonly string[];
}

/** Why the claims of a token cannot belong to anybody; `message` is meant for whoever asked. */
export class UnusableClaims extends Error {}

/** A person in `groups` of Cognito: holds what `group_mappings` gives them. Pure. */
export function personInGroups(policy: Policy, groups: readonly string[]): Caller {
  const known = groups.filter((group) => policy.source.groups.has(group));
  const unknown = groups.filter((group) => !policy.source.groups.has(group));
  return { kind: 'person', groups: known, scopes: scopesOfGroups(policy, known), unknown };
}

/** An agent whose token carries `scopes`: holds those that the policy defines. Pure. */
export function agentWithScopes(policy: Policy, scopes: readonly string[]): Caller {
  const known = scopes.filter((scope) => isKnownScope(policy, scope));
  return { kind: 'agent', groups: [], scopes: known, unknown: scopes.filter((scope) => !isKnownScope(policy, scope)) };
}

/**
 * Whether a token is an agent's own: it has no `username`, and its `sub` is its `client_id` (Amazon Cognito Developer
 * Guide, "Using the access token"). Anybody else is a person, and a person's `scope` claim grants nothing: any user can
 * ask Cognito for any scope of the app client.
 */
export function isAgent({ sub, client_id, username }: { sub: string; client_id: string; username?: unknown }): boolean {
  return typeof username !== 'string' && sub === client_id;
}

/**
 * The caller that the claims of a Cognito access token describe, if they are true: nothing is verified here. Pure.
 * @throws {UnusableClaims} if the gateway would refuse such claims however well they were signed
 */
export function callerOfClaims(policy: Policy, claims: Readonly<Record<string, unknown>>): Caller {
  const { sub, client_id, username, scope, token_use } = claims;
  const groups: unknown = claims['cognito:groups'] ?? [];
  if (token_use !== 'access') {
    const id = token_use === 'id' ? 'an ID token' : 'no access token of Cognito';
    throw new UnusableClaims(`it is ${id}, and the gateway takes access tokens only`);
  }
  if (typeof sub !== 'string' || typeof client_id !== 'string') {
    throw new UnusableClaims('it names nobody: "sub" and "client_id" must be there');
  }
  if (!Array.isArray(groups) || !groups.every((group) => typeof group === 'string')) {
    throw new UnusableClaims('its "cognito:groups" is not a list of names');
  }
  if (!isAgent({ sub, client_id, username })) return personInGroups(policy, groups);
  return agentWithScopes(policy, typeof scope === 'string' ? scope.split(' ').filter(Boolean) : []);
}
