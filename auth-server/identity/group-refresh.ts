import { setTimeout as sleep } from 'node:timers/promises';
import { boundedCache } from '../../common/service/bounded-cache.ts';
import type { Logger } from '../../common/service/log.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import type { Policy } from '../../policy/policy.ts';
import { type OAuthClient, SignInEnded } from '../cognito/oauth-client.ts';
import type { TokenVault } from '../cognito/token-vault.ts';
import type { Lease, PersonStore, RefreshedPerson } from '../store/people/person.ts';
import type { SessionStore } from '../store/session.ts';
import type { SessionRecord } from '../store/session-record.ts';

export interface GroupSourceDeps {
  providers: ReadonlyMap<string, OAuthClient>;
  vault: TokenVault;
  policy: () => Policy;
}

/** Most groups of a person that a record keeps. The ones that the policy knows come first. */
const mostGroups = 500;

/** The groups to keep of those that a provider named: also unknown ones, because the policy may name them later. */
export function groupsToKeep({ source }: Policy, groups: readonly string[]): string[] {
  const all = [...new Set(groups)];
  const known = all.filter((group) => source.groups.has(group));
  return [...known, ...all.filter((group) => !source.groups.has(group))].slice(0, mostGroups);
}

/**
 * Fetches the current groups and names of a session's person from its provider, with the session's refresh token.
 * @throws {SignInEnded}; any other error means that the provider could not be asked
 */
export type FetchGroups = (record: SessionRecord) => Promise<RefreshedPerson>;

export function createGroupSource(deps: GroupSourceDeps): FetchGroups {
  return async ({ provider, refreshToken, sub }) => {
    const client = deps.providers.get(provider);
    if (!client || refreshToken === undefined) throw new SignInEnded('its provider is no longer configured');
    const token = await deps.vault.unlock(refreshToken).catch(() => {
      throw new SignInEnded('its refresh token was locked with a SECRET_KEY that is no longer in use');
    });
    const refreshedAt = nowInSeconds();
    const person = await client.refresh(token, sub);
    const groups = groupsToKeep(deps.policy(), person.groups);
    const { username, refreshToken: kept } = person;
    const shownName = person.shownName === username ? undefined : person.shownName;
    const locked = kept === undefined ? undefined : await deps.vault.lock(kept);
    return { groups, username, shownName, refreshedAt, refreshToken: locked };
  };
}

export interface GroupRefreshDeps {
  sessions: SessionStore;
  people: PersonStore;
  fetchGroups: FetchGroups;
  /** How long to wait for another process that asks about the same person. */
  waitMilliseconds: number;
  log: Logger;
}

/** Longer than a refresh can take: two addresses for discovery and one answer, 5 s each. */
const leaseSeconds = 20;
/** After a failed refresh the provider is not asked about the person again for this long, and callers do not wait for it. */
const rememberFailureMilliseconds = 3_000;
/** How often the refresh token of each session is tried, although other sessions of the person keep the groups fresh. */
const tryEverySeconds = 86_400;

/** Whether a session's own refresh token has not been tried for a day. */
export function isTryDue({ refreshToken, triedAt }: SessionRecord, now: number): boolean {
  return refreshToken !== undefined && now - triedAt > tryEverySeconds;
}

/** `refused`: the provider has refused this session's token, which says nothing about the person's other sessions. */
type Outcome = 'done' | 'refused' | 'failed';

/**
 * Refreshes the groups of people, with the refresh token of the session that is in use: one refresh at a time for each person,
 * across all processes. Its answer counts for all sessions of the person.
 * @returns refreshes the groups of one session's person. Never rejects: the outcome is in the session's record
 */
export function createGroupRefresh(deps: GroupRefreshDeps): (record: SessionRecord) => Promise<void> {
  const running = new Map<string, { sid: string; outcome: Promise<Outcome> }>();
  const failed = boundedCache<string, true>(10_000, { ttl: rememberFailureMilliseconds });
  return async (record) => {
    const { sid, provider, sub } = record;
    // A session without a token says nothing about the others, and they do not confirm it.
    const person = record.refreshToken === undefined ? `session ${sid}` : `${provider} ${sub}`;
    for (;;) {
      if (failed.has(person)) return;
      const other = running.get(person);
      const outcome = other?.outcome ?? refreshOrEnd(deps, record).finally(() => running.delete(person));
      if (!other) running.set(person, { sid, outcome });
      const how = await outcome;
      if (how === 'failed') failed.set(person, true);
      // The token of another session was refused: ask with this one's.
      if (how !== 'refused' || !other || other.sid === sid) return;
    }
  };
}

async function refreshOrEnd(deps: GroupRefreshDeps, record: SessionRecord): Promise<Outcome> {
  const { sessions, log } = deps;
  const { sid, sub: subject, username } = record;
  try {
    if (record.refreshToken !== undefined) return await refreshInTurn(deps, record);
    await sessions.end({ sid });
    log.info({ subject, username, reason: 'the provider gave no refresh token' }, sessionEnded);
    return 'refused';
  } catch (err) {
    log.warn({ subject, username, err }, 'groups could not be refreshed; the provider will be asked again');
    return 'failed';
  }
}

const sessionEnded = 'session ended: the provider no longer confirms it';

/**
 * Asks as soon as no other process asks about the person, unless that one's answer arrives through the store. If the other
 * one's token was refused, this one's turn comes.
 */
async function refreshInTurn(deps: GroupRefreshDeps, record: SessionRecord): Promise<Outcome> {
  const { people, sessions, waitMilliseconds } = deps;
  for (const end = Date.now() + waitMilliseconds; Date.now() < end; await sleep(100)) {
    const lease = await people.lease(record, leaseSeconds);
    if (lease) return await refreshLeased(deps, lease, record);
    const now = await sessions.read(record.sid);
    if (!now || now.refreshedAt > record.refreshedAt) return 'done';
  }
  return 'failed';
}

async function refreshLeased(
  { people, fetchGroups, log }: GroupRefreshDeps,
  lease: Lease,
  { refreshedAt }: SessionRecord,
): Promise<Outcome> {
  const { sub: subject, username } = lease.record;
  try {
    // Another process may have refreshed just now. A provider that rotates refresh tokens accepts each of them once.
    if (lease.record.refreshedAt > refreshedAt && !isTryDue(lease.record, nowInSeconds())) await people.release(lease);
    else await people.save(lease, await fetchGroups(lease.record));
    log.debug({ subject, username }, 'groups refreshed');
    return 'done';
  } catch (error) {
    if (error instanceof SignInEnded) {
      if (await people.refuse(lease)) log.info({ subject, username, reason: error.message }, sessionEnded);
      return 'refused';
    }
    // Otherwise no process could try again before the lease ends.
    await people.release(lease).catch(() => undefined);
    throw error;
  }
}
