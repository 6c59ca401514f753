import { isKnownScope, type Policy, scopesOfGroups } from './policy.ts';

/** A caller whose rights are in question, with the groups and scopes that the policy knows. */
export interface Caller {
  kind: 'person' | 'agent';
  /** Groups that the policy knows; none for an agent. */
  groups: readonly string[];
  scopes: readonly string[];
  /** Groups (of a person) or scopes (of an agent) that were claimed and that the policy does not know. */
  unknown: readonly string[];
}

/** The claims of a token describe no possible caller. `message` is shown to the user. */
export class UnusableClaims extends Error {}

/** A person in Cognito's `groups`, with the scopes that `group_mappings` gives them. Pure. */
export function personInGroups(policy: Policy, groups: readonly string[]): Caller {
  const known = groups.filter((group) => policy.source.groups.has(group));
  const unknown = groups.filter((group) => !policy.source.groups.has(group));
  return { kind: 'person', groups: known, scopes: scopesOfGroups(policy, known), unknown };
}

/** An agent whose token carries `scopes`; only the scopes that the policy defines count. Pure. */
export function agentWithScopes(policy: Policy, scopes: readonly string[]): Caller {
  const known = scopes.filter((scope) => isKnownScope(policy, scope));
  return { kind: 'agent', groups: [], scopes: known, unknown: scopes.filter((scope) => !isKnownScope(policy, scope)) };
}

/**
 * Whether a token is an agent's own: it has no `username`, and its `sub` is its `client_id` (Amazon Cognito Developer
 * Guide, "Using the access token"). Every other caller is a person. A person's `scope` claim grants nothing: any user can
 * ask Cognito for any scope of the app client.
 */
export function isAgent({ sub, client_id, username }: { sub: string; client_id: string; username?: unknown }): boolean {
  return typeof username !== 'string' && sub === client_id;
}

/**
 * Returns the caller that the claims of a Cognito access token describe. It verifies nothing. Pure.
 * @throws {UnusableClaims} if the gateway would reject these claims even with a valid signature
 */
export function callerOfClaims(policy: Policy, claims: Readonly<Record<string, unknown>>): Caller {
  const { sub, client_id, username, scope, token_use } = claims;
  const groups: unknown = claims['cognito:groups'] ?? [];
  if (token_use !== 'access') {
    const id = token_use === 'id' ? 'an ID token' : 'no access token of Cognito';
    throw new UnusableClaims(`it is ${id}, and the gateway takes access tokens only`);
  }
  if (typeof sub !== 'string' || typeof client_id !== 'string') {
    throw new UnusableClaims('it names no caller: "sub" and "client_id" must be there');
  }
  if (!Array.isArray(groups) || !groups.every((group) => typeof group === 'string')) {
    throw new UnusableClaims('its "cognito:groups" is not a list of names');
  }
  if (!isAgent({ sub, client_id, username })) return personInGroups(policy, groups);
  return agentWithScopes(policy, typeof scope === 'string' ? scope.split(' ').filter(Boolean) : []);
}
