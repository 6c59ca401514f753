import { agentWithScopes, isAgent, personInGroups } from '../../policy/caller.ts';
import type { Policy } from '../../policy/policy.ts';
import type { TokenClaims } from '../cognito/cognito-token.ts';
import type { Asks, DelegatingCaller } from '../delegation/claims.ts';
import type { SessionRecord } from '../store/session-record.ts';
import type { LocalSession } from './cookie/local-session.ts';
import type { SessionClaims } from './cookie/session.ts';

/** The caller, after every check of the credential has passed. There is no half-valid principal. */
export interface Principal {
  kind: 'person' | 'agent';
  /** Cognito's `sub`: stable, unlike names. */
  subject: string;
  username: string;
  /** The name to show instead of the user name. People may choose it: for pages and logs only. */
  shownName?: string | undefined;
  /** The app client of a token of Cognito; the OAuth client, as its record names it, of a token of ours. */
  clientId: string | undefined;
  /** What the record says of its OAuth client or personal token: for logs and the audit only. */
  program?: { id: string | undefined; name: string | undefined };
  /** The caller's groups that the policy knows. */
  groups: readonly string[];
  /** The caller's scopes that the policy defines. */
  scopes: readonly string[];
  /** Groups (of a person) or scopes (of an agent) that were named and that the policy does not know: for the audit only. */
  unknown?: readonly string[];
  /** `public`: a visitor of a public registry, who showed no credential. */
  authMethod: 'session_cookie' | 'jwt' | 'public';
  sessionId: string | undefined;
  /**
   * When the access ends, in seconds since 1970: with a record, its end. An access token of ours is valid for ten minutes, but
   * only to be admitted.
   */
  expiresAt: number;
  /** With a session: until when its groups may be used without another group refresh, in seconds since 1970. */
  groupsValidUntil?: number | undefined;
  /** What was shown, and since when the caller has it. A delegation repeats it; without it there is none. */
  shown?: Pick<DelegatingCaller, 'by' | 'since'>;
  /** Set if a broker calls for them: its name, what it may ask, and the caller's own address. */
  delegated?: { via: string; asks: Asks; address: string | undefined };
}

/** The person of a browser's session: groups and names are the record's. A record of an older release has no name to show. */
export function personOfSession(
  policy: Policy,
  claims: Pick<SessionClaims, 'exp' | 'shown_name'>,
  record: SessionRecord,
): Principal {
  return {
    ...personInGroups(policy, record.groups),
    subject: record.sub,
    username: record.username,
    shownName: record.shownName ?? claims.shown_name,
    clientId: undefined,
    ...programOf(record),
    authMethod: 'session_cookie',
    sessionId: record.sid,
    expiresAt: Math.min(claims.exp, record.expiresAt),
    shown: { by: 'cookie', since: record.createdAt },
  };
}

/** The person who has allowed a program to act for them, by the record of its access token or personal token. */
export function personOfGrant(policy: Policy, record: SessionRecord): Principal {
  return {
    ...personInGroups(policy, record.groups),
    subject: record.sub,
    username: record.username,
    shownName: record.shownName,
    clientId: record.oauthClient,
    ...programOf(record),
    authMethod: 'jwt',
    sessionId: record.sid,
    expiresAt: record.expiresAt,
    shown: { by: record.kind === 'personal' ? 'personal token' : 'access token', since: record.createdAt },
  };
}

/**
 * The person of a locally signed session. With `SECRET_KEY` one can name anyone, so the subject differs from that of the
 * person who logs in, and neither owns the other's MCP sessions and tasks.
 */
export function personOfLocalSession(policy: Policy, { sub, username, groups, iat, exp }: LocalSession): Principal {
  return {
    ...personInGroups(policy, groups),
    subject: `local|${sub}`,
    username,
    clientId: undefined,
    authMethod: 'session_cookie',
    sessionId: undefined,
    expiresAt: exp,
    shown: { by: 'local session', since: iat },
  };
}

/** The caller of a verified access token: an agent with the token's scopes, or a person with the scopes of their groups. */
export function principalOfToken(policy: Policy, claims: TokenClaims): Principal {
  const caller = isAgent(claims) ? agentWithScopes(policy, claims.scopes) : personInGroups(policy, claims.groups);
  return {
    ...caller,
    subject: claims.sub,
    username: claims.username ?? claims.sub,
    clientId: claims.client_id,
    authMethod: 'jwt',
    sessionId: undefined,
    expiresAt: claims.exp,
    shown: { by: 'token of the provider', since: issuedAt(caller.kind, claims) },
  };
}

function programOf({ oauthClient: id, oauthClientName: name }: SessionRecord): Pick<Principal, 'program'> {
  return id === undefined && name === undefined ? {} : { program: { id, name } };
}

/** A client that refreshes its tokens at Cognito after a revocation gets a new issue time, but not a new sign-in. */
function issuedAt(kind: Principal['kind'], { iat, authTime = iat }: TokenClaims): number {
  return kind === 'person' ? Math.min(authTime, iat) : iat;
}
