import { createHash } from 'node:crypto';
import { type Account, type AccountEnd, type AccountRecord, mostRecords } from '../../common/identity/account.ts';
import type { Logger } from '../../common/service/log.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import type { OAuthClient } from '../cognito/oauth-client.ts';
import { sameSubjects } from '../cognito/providers.ts';
import type { TokenVault } from '../cognito/token-vault.ts';
import type { PersonalTokens } from '../identity/personal-token.ts';
import { endAtProvider } from '../login/end-at-provider.ts';
import type { PersonAt, SessionRecord, SessionStore } from '../store/session.ts';

export interface AccountDeps {
  sessions: SessionStore;
  providers: ReadonlyMap<string, OAuthClient>;
  vault: TokenVault;
  /** Seconds without a request after which the session of a browser ends. */
  idleSeconds: number;
  personalTokens: PersonalTokens;
  log: Logger;
}

const kinds = { clients: 'client', tokens: 'personal', sessions: 'browser' } as const;

/** The access of the person whose session asks. @param own that session */
export async function accountOf(deps: AccountDeps, own: SessionRecord): Promise<Account> {
  const records = (await recordsOf(deps, own)).map((record) => shown(deps, record, own));
  const makesTokens = deps.personalTokens.mostDays > 0;
  return { provider: deps.providers.get(own.provider)?.settings.title ?? own.provider, makesTokens, records };
}

/** Ends access of the person whose session asks, here and at the provider. @returns how many ended */
export async function endAccess(deps: AccountDeps, own: SessionRecord, what: AccountEnd): Promise<number> {
  const { sessions, log } = deps;
  const all = await recordsOf(deps, own);
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
  // Not awaited: nothing of ours depends on it. One after the other, because a provider limits its answers.
  void (async () => {
    for (const record of meant) await endAtProvider(deps, record);
  })();
  return ended;
}

async function endEach(sessions: SessionStore, meant: readonly SessionRecord[]): Promise<number> {
  let ended = 0;
  for (const { sid } of meant) ended += await sessions.end({ sid });
  return ended;
}

/** Without those that have ended for want of use, of which their next request would learn. */
async function recordsOf(deps: AccountDeps, own: SessionRecord): Promise<SessionRecord[]> {
  const now = nowInSeconds();
  const all = await deps.sessions.ofPerson(personOf(deps, own), mostRecords);
  return all.filter((record) => record.sid === own.sid || (endsUnused(deps, record) ?? now) >= now);
}

/** By subject: names may change, and two people may have the same one. */
function personOf({ providers }: AccountDeps, { provider, sub }: SessionRecord): PersonAt {
  return { providers: sameSubjects(providers, provider), sub };
}

function shown(deps: AccountDeps, record: SessionRecord, own: SessionRecord): AccountRecord {
  const { kind, provider, createdAt, lastSeen, expiresAt, oauthClientName, resource } = record;
  const isTerminal = kind === 'browser' && deps.providers.get(provider)?.settings.unlisted === true;
  return {
    id: idOf(record),
    kind: isTerminal ? 'terminal' : kind,
    isOwn: record.sid === own.sid,
    client: oauthClientName ?? null,
    resource: resource ?? null,
    since: createdAt,
    lastUsed: lastSeen,
    ends: expiresAt,
    endsUnused: endsUnused(deps, record) ?? null,
  };
}

function endsUnused({ idleSeconds }: AccountDeps, { kind, lastSeen, idleSeconds: own }: SessionRecord) {
  const idle = kind === 'browser' ? idleSeconds : own;
  return idle === undefined ? undefined : lastSeen + idle;
}

/** Not the `sid` itself, which cookies and access tokens name. */
function idOf({ sid }: SessionRecord): string {
  return createHash('sha256').update(`account ${sid}`).digest('base64url').slice(0, 22);
}
