import { agentWithScopes, isAgent, personInGroups } from '../../policy/caller.ts';
import type { Policy } from '../../policy/policy.ts';
import type { TokenClaims } from '../cognito/cognito-token.ts';
import type { LocalSession } from './local-session.ts';
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
  /** With a session: until when its groups may be relied on without asking the provider again. */
  groupsValidUntil?: number | undefined;
}

/** The person behind a session, with the groups that both the cookie and the store's record name. */
export function personOfSession(policy: Policy, claims: SessionClaims, recordGroups: readonly string[]): Principal {
  const both = claims.groups?.filter((group) => recordGroups.includes(group)) ?? recordGroups;
  const { kind, groups, scopes } = personInGroups(policy, both);
  return {
    kind,
    subject: claims.sub,
    username: claims.username,
    clientId: undefined,
    groups,
    scopes,
    authMethod: 'session_cookie',
    sessionId: claims.sid,
    expiresAt: claims.exp,
  };
}

/**
 * The person that a locally signed session names. Whoever has `SECRET_KEY` can name anybody: the subject is another one
 * than that of the person who logs in, so that neither has the other's MCP sessions and tasks.
 */
export function personOfLocalSession(policy: Policy, { sub, username, groups, exp }: LocalSession): Principal {
  return {
    ...personInGroups(policy, groups),
    subject: `local|${sub}`,
    username,
    clientId: undefined,
    authMethod: 'session_cookie',
    sessionId: undefined,
    expiresAt: exp,
  };
}

/** The caller behind a verified access token: an agent with the token's scopes, or a person with those of their groups. */
export function principalOfToken(policy: Policy, claims: TokenClaims): Principal {
  const { kind, groups, scopes } = isAgent(claims)
    ? agentWithScopes(policy, claims.scopes)
    : personInGroups(policy, claims.groups);
  return {
    kind,
    subject: claims.sub,
    username: claims.username ?? claims.sub,
    clientId: claims.client_id,
    groups,
    scopes,
    authMethod: 'jwt',
    sessionId: undefined,
    expiresAt: claims.exp,
  };
}
