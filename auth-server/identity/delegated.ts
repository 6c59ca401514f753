import type { Policy } from '../../policy/policy.ts';
import type { DelegatingCaller, Delegation } from '../delegation/claims.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import type { SessionRecord } from '../store/session-record.ts';
import type { LocalSessions } from './cookie/local-session.ts';
import { type Principal, personOfGrant, personOfLocalSession, personOfSession, principalOfToken } from './principal.ts';
import type { SessionKeeper } from './session-keeper.ts';

interface DelegatedDeps {
  policy: () => Policy;
  keeper: SessionKeeper;
  localSessions?: LocalSessions | undefined;
}

/** A caller for whom a broker asks, and what a revocation of their access would name. */
export interface DelegatedCaller {
  /** Undefined where the delegation alone says who it is. */
  record: SessionRecord | undefined;
  /** Makes the principal, as the caller's own credential would. */
  create: () => Principal;
  clients: readonly string[];
  since: number;
}

/** Which kind of record each credential refers to. */
const recordOf = { cookie: 'browser', 'access token': 'client', 'personal token': 'personal' } as const;

/**
 * Opens what the caller of a broker has shown once more: a session that has ended meanwhile has ended here too, and its record
 * alone names the groups.
 * @throws {AuthError} as the caller's own credential would
 */
export async function openDelegated(
  deps: DelegatedDeps,
  { sub, via, asks, caller }: Delegation,
): Promise<DelegatedCaller> {
  const { client, since, address } = caller;
  const delegated = { via, asks, address };
  const policy = deps.policy();
  if (caller.by === 'token of the provider' || caller.by === 'local session') {
    if (caller.by === 'local session') {
      if (!deps.localSessions) throw ended();
      deps.localSessions.refuseAdministrators(caller.groups);
    }
    const create = () => ({ ...withoutRecord(policy, sub, caller), delegated });
    return { record: undefined, create, clients: client === undefined ? [] : [client], since };
  }
  const kind = recordOf[caller.by];
  const { sid } = caller;
  if (sid === undefined) throw ended();
  const { record, groupsValidUntil } = await deps.keeper.open({ sid, sub }, (found) => found.kind === kind, address);
  const person = () =>
    kind === 'browser'
      ? personOfSession(policy, { exp: caller.ends, shown_name: undefined }, record)
      : personOfGrant(policy, record);
  const clients = record.oauthClient === undefined ? [record.clientId] : [record.clientId, record.oauthClient];
  return { record, create: () => ({ ...person(), groupsValidUntil, delegated }), clients, since: record.createdAt };
}

function withoutRecord(policy: Policy, sub: string, caller: DelegatingCaller): Principal {
  const { username, client = '', isAgent, groups, scopes, since: iat, ends: exp } = caller;
  if (caller.by === 'local session') {
    const person = personOfLocalSession(policy, { sub, username, groups: [...groups], iat, exp });
    // It has its prefix already.
    return { ...person, subject: sub };
  }
  const named = isAgent ? undefined : username;
  return principalOfToken(policy, { sub, client_id: client, username: named, groups, scopes, iat, exp });
}

function ended(): AuthError {
  return new AuthError('session_ended', texts.session_ended);
}
