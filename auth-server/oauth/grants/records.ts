import type { Logger } from '../../../common/service/log.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { OAuthClient } from '../../cognito/oauth-client.ts';
import type { TokenVault } from '../../cognito/token-vault.ts';
import { endAtProvider, revokeAtProvider } from '../../login/end-at-provider.ts';
import { addRecord, ofBrowser, refuseLongName } from '../../login/open-session.ts';
import type { RevocationStore } from '../../store/revocation.ts';
import type { SessionStore } from '../../store/session.ts';
import type { SessionRecord } from '../../store/session-record.ts';
import { clientDigest } from '../clients/client.ts';
import { type Person, unlockPerson } from '../consent/person.ts';
import type { Asked } from '../store/requests.ts';

export interface RecordsDeps {
  sessions: SessionStore;
  revocations: RevocationStore;
  vault: TokenVault;
  providers: ReadonlyMap<string, OAuthClient>;
  policy: () => Policy;
  /** How long a client's access lasts, and how long without use, in seconds. */
  clientSessionSeconds: number;
  clientIdleSeconds: number;
  /** How long a session of the command line lasts, in seconds. */
  sessionSeconds: number;
  log: Logger;
}

/** Why a grant ended: the `reason` of the log line. */
export type EndReason =
  | 'client_revoked'
  | 'code_replayed'
  | 'refresh_token_replayed'
  | 'code_unused'
  | 'client_idle'
  | 'client_denied';

export type Records = ReturnType<typeof createRecords>;

/** How long a record lasts until its code is exchanged. */
const unredeemedSeconds = 600;

/** The session records of grants: a grant lasts as long as its record. */
export function createRecords(deps: RecordsDeps) {
  const { sessions, revocations, vault, log } = deps;

  const end = async (sid: string, reason: EndReason) => {
    const record = await sessions.read(sid);
    if (!record || (await sessions.end({ sid })) === 0) return;
    const { sub: subject, username, oauthClient: client, resource } = record;
    const isTheft = reason === 'code_replayed' || reason === 'refresh_token_replayed';
    log[isTheft ? 'warn' : 'info']({ reason, subject, username, client, resource }, 'the access of a client has ended');
    // Not awaited: nothing of ours depends on it.
    void endAtProvider(deps, record);
  };

  return {
    /** Opens the record of a grant. A second click on Allow finds it there. @returns when the grant ends */
    async open(sid: string, { client, resource }: Asked, person: Person): Promise<number> {
      const isSession = client.kind === 'command line';
      const until = nowInSeconds() + (isSession ? deps.sessionSeconds : deps.clientSessionSeconds);
      if (await sessions.read(sid)) return until;
      const { subject, username, provider, clientId, loggedInAt } = person;
      if (isSession) refuseLongName(deps.providers.get(provider)?.settings.title ?? provider, person);
      const [oauthClient, client_name] = [clientDigest(client.id), client.name];
      const given = { oauthClient, oauthClientName: client_name };
      const expiresAt = nowInSeconds() + unredeemedSeconds;
      const purpose = isSession
        ? { ...ofBrowser, ...given, expiresAt }
        : { kind: 'client' as const, ...given, resource, idleSeconds: deps.clientIdleSeconds, expiresAt };
      await addRecord(deps, { name: provider, clientId }, person, purpose, { sid, loggedInAt }).catch(async (error) => {
        // The other of two clicks was faster.
        if (!(await sessions.read(sid))) throw error;
      });
      log.info({ subject, username, client: oauthClient, client_name, resource }, 'a client was allowed');
      return until;
    },
    /** The record, if it still stands. Notes its use, and from which address. */
    async standing(sid: string, address: string | undefined): Promise<SessionRecord | undefined> {
      const now = nowInSeconds();
      const record = await sessions.read(sid);
      if (!record || record.expiresAt <= now) return undefined;
      const { sub, username, clientId, oauthClient = '', createdAt, idleSeconds = Number.POSITIVE_INFINITY } = record;
      if (revocations.covers(createdAt, { users: [sub, username], clients: [clientId, oauthClient] })) return undefined;
      if (now - record.lastSeen > idleSeconds) {
        await end(sid, 'client_idle');
        return undefined;
      }
      sessions.touch(record, now, address);
      return record;
    },
    /** Lets the record of a grant last as long as the grant: its code is being exchanged. */
    keep: (sid: string, until: number) => sessions.extend(sid, until),
    /** Ends a grant, and its login at the provider. */
    end,
    /** Ends the logins of persons who did not allow anything. */
    async forget(persons: readonly string[]): Promise<void> {
      for (const locked of persons) {
        const person = await unlockPerson(vault, locked);
        const client = person && deps.providers.get(person.provider);
        if (client && person.refreshToken !== undefined) await revokeAtProvider(client, person.refreshToken, log);
      }
    },
  };
}
