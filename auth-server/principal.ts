import { isKnownScope, type Policy, scopesOfGroups } from '../policy/policy.ts';
import type { TokenClaims } from './cognito-token.ts';
import type { SessionClaims } from './session.ts';

/** Who is asking, after every check of the credential has passed. There is no half-valid principal. */
export interface Principal {
  kind: 'person' | 'agent';
  /** Cognito's `sub`: stable, unlike names. */
  subject: string;
  username: string;
  clientId: string | undefined;
  /** Groups as far as the policy knows them. */
  groups: readonly string[];
  /** Scopes that the policy defines and this caller has. */
  scopes: readonly string[];
  authMethod: 'session_cookie' | 'jwt';
  sessionId: string | undefined;
  /** When the credential ends, in seconds since 1970. */
  expiresAt: number;
}

/** The person behind a session, with the groups that both the cookie and the store's record name. */
export function personOfSession(policy: Policy, claims: SessionClaims, recordGroups: readonly string[]): Principal {
  const groups = knownGroups(policy, claims.groups).filter((group) => recordGroups.includes(group));
  return {
    kind: 'person',
    subject: claims.sub,
    username: claims.username,
    clientId: undefined,
    groups,
    scopes: scopesOfGroups(policy, groups),
    authMethod: 'session_cookie',
    sessionId: claims.sid,
    expiresAt: claims.exp,
  };
}

/**
 * The caller behind a verified access token. An agent is a token without `username` whose `sub` is its `client_id`: its
 * scopes are the token's. Anybody else is a person, whose scopes come from groups only: any user can ask Cognito for
 * any scope of the app client, so a person's `scope` claim grants nothing.
 */
export function principalOfToken(policy: Policy, claims: TokenClaims): Principal {
  const agent = claims.username === undefined && claims.sub === claims.client_id;
  const groups = agent ? [] : knownGroups(policy, claims.groups);
  return {
    kind: agent ? 'agent' : 'person',
    subject: claims.sub,
    username: agent ? claims.client_id : (claims.username ?? claims.sub),
    clientId: claims.client_id,
    groups,
    scopes: agent ? claims.scopes.filter((scope) => isKnownScope(policy, scope)) : scopesOfGroups(policy, groups),
    authMethod: 'jwt',
    sessionId: undefined,
    expiresAt: claims.exp,
  };
}

function knownGroups(policy: Policy, groups: readonly string[]): string[] {
  return groups.filter((group) => policy.source.groups.has(group));
}
