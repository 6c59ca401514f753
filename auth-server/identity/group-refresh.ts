import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../../common/service/log.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import type { Policy } from '../../policy/policy.ts';
import { type OAuthClient, SignInEnded } from '../cognito/oauth-client.ts';
import type { TokenVault } from '../cognito/token-vault.ts';
import type { RefreshedGroups, SessionRecord, SessionStore } from '../store/session.ts';

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
 * Fetches the current groups of a session's person from its provider, with the session's refresh token.
 * @throws {SignInEnded}; any other error means that the provider could not be asked
 */
export type FetchGroups = (record: SessionRecord) => Promise<RefreshedGroups>;

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
    const kept = person.refreshToken;
    return { groups, refreshedAt, refreshToken: kept === undefined ? undefined : await deps.vault.lock(kept) };
  };
}

export interface GroupRefreshDeps {
  sessions: SessionStore;
  fetchGroups: FetchGroups;
  /** How long to wait for another process that refreshes the same session. */
  waitMilliseconds: number;
  log: Logger;
}

/** Longer than a refresh can take: two addresses for discovery and one answer, 5 s each. */
const leaseSeconds = 20;
/** After a failed refresh the session's provider is not asked again for this long, and callers do not wait for it. */
const rememberFailureMilliseconds = 3_000;

/**
 * Refreshes the groups of sessions: one refresh at a time for each session, across all processes.
 * @returns refreshes one session. Never rejects: the outcome is in the session's record
 */
export function createGroupRefresh(deps: GroupRefreshDeps): (record: SessionRecord) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const failed = new LRUCache<string, true>({ max: 10_000, ttl: rememberFailureMilliseconds });
  return async (record) => {
    const { sid } = record;
    if (failed.has(sid)) return;
    const refresh =
      running.get(sid) ??
      refreshOrEnd(deps, record)
        .then((done) => void (done || failed.set(sid, true)))
        .finally(() => running.delete(sid));
    running.set(sid, refresh);
    await refresh;
  };
}

/** @returns false if the groups could not be refreshed, and the session still stands */
async function refreshOrEnd(deps: GroupRefreshDeps, record: SessionRecord): Promise<boolean> {
  const { sessions, log } = deps;
  const { sid, sub: subject, username } = record;
  try {
    if (record.refreshToken === undefined) throw new SignInEnded('the provider gave no refresh token');
    const leased = await sessions.lease(sid, leaseSeconds);
    if (!leased) return await waitForOther(deps, record);
    // Another process may have refreshed just now. A provider that rotates refresh tokens accepts each of them once.
    if (leased.refreshedAt > record.refreshedAt) await sessions.release(sid);
    else await refreshLeased(deps, leased);
    return true;
  } catch (error) {
    if (!(error instanceof SignInEnded)) {
      log.warn({ subject, username, err: error }, 'groups could not be refreshed; the provider will be asked again');
      return false;
    }
    await sessions.end({ sid }).catch(() => undefined);
    log.info({ subject, username, reason: error.message }, 'session ended: the provider no longer confirms it');
    return true;
  }
}

async function refreshLeased({ sessions, fetchGroups, log }: GroupRefreshDeps, record: SessionRecord): Promise<void> {
  const { sid, sub: subject, username } = record;
  try {
    await sessions.saveGroups(sid, await fetchGroups(record));
  } catch (error) {
    // Otherwise no process could try again before the lease ends.
    await sessions.release(sid).catch(() => undefined);
    throw error;
  }
  log.debug({ subject, username }, 'groups refreshed');
}

/** Another process holds the lease: its result arrives through the store. */
async function waitForOther(
  { sessions, waitMilliseconds }: GroupRefreshDeps,
  { sid, refreshedAt }: SessionRecord,
): Promise<boolean> {
  for (const end = Date.now() + waitMilliseconds; Date.now() < end; await sleep(100)) {
    const record = await sessions.read(sid);
    if (!record || record.refreshedAt > refreshedAt) return true;
  }
  return false;
}
