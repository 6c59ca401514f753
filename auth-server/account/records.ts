import { createHash } from 'node:crypto';
import { type Account, type AccountEnd, type AccountRecord, mostRecords } from '../../common/doors/account.ts';
import type { Logger } from '../../common/service/log.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import type { OAuthClient } from '../cognito/oauth-client.ts';
import { sameSubjects } from '../cognito/providers.ts';
import type { TokenVault } from '../cognito/token-vault.ts';
import { type AuditEvents, actorOf } from '../decisions/events.ts';
import type { PersonalTokens } from '../identity/personal-token.ts';
import { endAtProvider } from '../login/end-at-provider.ts';
import type { SessionStore } from '../store/session.ts';
import type { PersonAt, SessionRecord } from '../store/session-record.ts';
import { isOfCommandLine } from './own-session.ts';

export interface AccountDeps {
  sessions: SessionStore;
  providers: ReadonlyMap<string, OAuthClient>;
  vault: TokenVault;
  /** Seconds without a request after which the session of a browser ends. */
  idleSeconds: number;
  personalTokens: PersonalTokens;
  log: Logger;
  /** Records in the audit what was ended. */
  auditEvents: Pick<AuditEvents, 'accessEnded'>;
}

/** The kind of record that “all” ends, by its word. */
export const kinds = { clients: 'client', tokens: 'personal', sessions: 'browser' } as const;

/** The access of the person whose session asks. @param own that session */
export async function accountOf(deps: AccountDeps, own: SessionRecord): Promise<Account> {
  const records = (await recordsOf(deps, personOf(deps, own), own)).map((record) => toAccountRecord(deps, record, own));
  const makesTokens = deps.personalTokens.mostDays > 0;
  return { provider: deps.providers.get(own.provider)?.settings.title ?? own.provider, makesTokens, records };
}

/** Ends access of the person whose session asks, here and at the provider. @returns how many ended */
export async function endAccess(deps: AccountDeps, own: SessionRecord, what: AccountEnd): Promise<number> {
  const { sessions, log } = deps;
  const all = await recordsOf(deps, personOf(deps, own), own);
  const isMeant = (record: SessionRecord) => {
    if ('id' in what) return idOf(record) === what.id;
    return record.kind === kinds[what.all] && record.sid !== own.sid;
  };
  const meant = all.filter(isMeant);
  const ended =
    'all' in what
      ? await sessions.end({ person: personOf(deps, own), kind: kinds[what.all], except: own.sid })
      : await endEach(sessions, meant);
  for (const { sub: subject, username, kind, oauthClient: client, resource } of meant)
    log.info({ reason: 'person_ended', subject, username, kind, client, resource }, 'a person has ended their access');
  if (ended > 0) deps.auditEvents.accessEnded(actorOf(own), { detail: ownWords(what, meant), count: ended });
  endAtProviders(deps, meant);
  return ended;
}

/** What a person has ended of their own, in words. */
function ownWords(what: AccountEnd, [first]: readonly SessionRecord[]): string {
  return 'all' in what ? `all own ${shownKinds[kinds[what.all]]}s` : `${wordsOf(first)} of their own`;
}

/** What each kind of record is called, in the audit. */
const shownKinds = { client: 'client', personal: 'token', browser: 'sign-in' } as const;

/** One record, in the words of a sentence. */
export function wordsOf(record: SessionRecord | undefined): string {
  const { kind = 'browser', oauthClientName: name } = record ?? {};
  return name === undefined ? `a ${shownKinds[kind]}` : `the ${shownKinds[kind]} “${name}”`;
}

/** Ends the logins of records at their providers too, later: nothing of ours depends on it, and providers limit their answers. */
export function endAtProviders(deps: AccountDeps, records: readonly SessionRecord[]): void {
  void (async () => {
    for (const record of records) await endAtProvider(deps, record);
  })();
}

/** @returns how many ended */
export async function endEach(sessions: SessionStore, meant: readonly SessionRecord[]): Promise<number> {
  let ended = 0;
  for (const { sid } of meant) ended += await sessions.end({ sid });
  return ended;
}

/** The newest records of a person, without those that have ended for want of use, of which their next request would learn. */
export async function recordsOf(deps: AccountDeps, person: PersonAt, own: SessionRecord): Promise<SessionRecord[]> {
  const now = nowInSeconds();
  const all = await deps.sessions.ofPerson(person, mostRecords);
  return all.filter((record) => record.sid === own.sid || (endsUnused(deps, record) ?? now) >= now);
}

/** By subject: names may change, and two people may have the same one. */
function personOf({ providers }: AccountDeps, { provider, sub }: SessionRecord): PersonAt {
  return { providers: sameSubjects(providers, provider), sub };
}

/** @param own the session that asks */
export function toAccountRecord(deps: AccountDeps, record: SessionRecord, own: SessionRecord): AccountRecord {
  const { kind, createdAt, lastSeen, expiresAt, oauthClientName, resource } = record;
  const { loginAddress: from = null, usedAddress: usedFrom = null } = record;
  return {
    id: idOf(record),
    kind: isOfCommandLine(record, deps.providers) ? 'terminal' : kind,
    isOwn: record.sid === own.sid,
    client: oauthClientName ?? null,
    resource: resource ?? null,
    since: createdAt,
    lastUsed: lastSeen,
    ends: expiresAt,
    endsUnused: endsUnused(deps, record) ?? null,
    ...{ from, usedFrom },
  };
}

function endsUnused({ idleSeconds }: AccountDeps, { kind, lastSeen, idleSeconds: own }: SessionRecord) {
  const idle = kind === 'browser' ? idleSeconds : own;
  return idle === undefined ? undefined : lastSeen + idle;
}

/** Not the `sid` itself, which cookies and access tokens name. */
export function idOf({ sid }: SessionRecord): string {
  return createHash('sha256').update(`account ${sid}`).digest('base64url').slice(0, 22);
}
