import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../common/service/log.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import type { PersonStore } from '../store/people/person.ts';
import type { SessionStore } from '../store/session.ts';
import type { SessionRecord } from '../store/session-record.ts';
import { createGroupRefresh, type FetchGroups, isTryDue } from './group-refresh.ts';

/** A session that still stands. */
interface OpenSession {
  record: SessionRecord;
  /** Until when its groups may be used without another refresh, in seconds since 1970. */
  groupsValidUntil: number;
}

/** What a cookie or token says about its session. A personal token names no subject: its digest is the `sid`. */
interface Shown {
  sid: string;
  sub: string | undefined;
}

export type SessionKeeper = ReturnType<typeof createSessionKeeper>;

interface SessionKeeperDeps {
  sessions: SessionStore;
  people: PersonStore;
  fetchGroups: FetchGroups;
  /** Seconds without a request after which the session of a browser ends. Others have a limit of their own. */
  idleSeconds: number;
  /** How old a session's groups may be, in seconds. */
  groupsMaxAgeSeconds: number;
  /** How long a request waits for a group refresh. Default 1 s: nginx waits 1.5 s for the whole answer. */
  waitMilliseconds?: number | undefined;
  log: Logger;
}

/**
 * Opens sessions by their record in the store. At half of their allowed age, the groups are refreshed in the background;
 * only the first request after a longer pause waits for the refresh. Each session's own refresh token is tried once a day.
 */
export function createSessionKeeper(deps: SessionKeeperDeps) {
  const { sessions, groupsMaxAgeSeconds, waitMilliseconds = 1_000 } = deps;
  const refreshGroups = createGroupRefresh({ ...deps, waitMilliseconds });
  const opened = (record: SessionRecord): OpenSession => ({
    record,
    groupsValidUntil: record.refreshedAt + groupsMaxAgeSeconds,
  });
  return {
    /**
     * @param isFor whether what was shown is of this record's kind; if not, there is no such session
     * @param address where the caller is
     * @returns the session, with groups that the provider named no longer ago than is allowed
     * @throws {AuthError} session_ended, session_idle or groups_unconfirmed
     */
    async open(
      claims: Shown,
      isFor: (record: SessionRecord) => boolean,
      address: string | undefined,
    ): Promise<OpenSession> {
      const now = Date.now() / 1000;
      const record = await standing(deps, claims, isFor, now);
      sessions.touch(record, Math.floor(now), address);
      const age = now - record.refreshedAt;
      if (age < groupsMaxAgeSeconds) {
        const isDue = age >= groupsMaxAgeSeconds / 2 || isTryDue(record, now);
        if (isDue && record.refreshToken !== undefined) void refreshGroups(record);
        return opened(record);
      }
      await Promise.race([refreshGroups(record), sleep(waitMilliseconds, undefined, { ref: false })]);
      return opened(await refreshed(deps, claims.sid));
    },
  };
}

/** The record, if the session has not ended and is not idle. */
async function standing(
  deps: SessionKeeperDeps,
  { sid, sub }: Shown,
  isFor: (record: SessionRecord) => boolean,
  now: number,
): Promise<SessionRecord> {
  const { sessions } = deps;
  const idleSeconds = (record: SessionRecord) => (record.kind === 'browser' ? deps.idleSeconds : record.idleSeconds);
  const isIdle = (record: SessionRecord) => now - record.lastSeen > (idleSeconds(record) ?? Number.POSITIVE_INFINITY);
  const known = await sessions.find(sid);
  // Another process may have seen this person since: read the store before calling the session idle.
  const record = known && isIdle(known) ? await sessions.read(sid) : known;
  const isTheirs = sub === undefined || record?.sub === sub;
  if (!record || !isTheirs || record.expiresAt <= now || !isFor(record)) throw ended();
  if (!isIdle(record)) return record;
  await sessions.end({ sid });
  throw new AuthError('session_idle', texts.session_idle(Math.round((idleSeconds(record) ?? 0) / 60)));
}

/** The record after a refresh, if that has succeeded. */
async function refreshed({ sessions, groupsMaxAgeSeconds }: SessionKeeperDeps, sid: string): Promise<SessionRecord> {
  const record = await sessions.read(sid);
  if (!record) throw ended();
  if (Date.now() / 1000 - record.refreshedAt < groupsMaxAgeSeconds) return record;
  throw new AuthError('groups_unconfirmed', texts.groups_unconfirmed);
}

function ended(): AuthError {
  return new AuthError('session_ended', texts.session_ended);
}
