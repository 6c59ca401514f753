import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../../common/service/log.ts';
import { SignInEnded } from '../cognito/oauth-client.ts';
import { AuthError } from '../denials/auth-error.ts';
import type { Confirmation, SessionRecord, SessionStore } from '../store/session-store.ts';
import type { SessionClaims } from './session.ts';

/** A session that still stands. */
export interface OpenSession {
  record: SessionRecord;
  /** Until when the provider's word on the groups counts, in seconds since 1970. */
  confirmedUntil: number;
}

/** Says whether a session still stands. */
export interface SessionKeeper {
  /**
   * @returns the session, its groups confirmed by the provider not too long ago
   * @throws {AuthError} session_ended, session_idle or groups_unconfirmed
   */
  open(claims: SessionClaims): Promise<OpenSession>;
}

export interface SessionKeeperDeps {
  sessions: SessionStore;
  /**
   * Asks the provider for the person's groups of today.
   * @throws {SignInEnded}; anything else means that it could not be asked
   */
  ask(record: SessionRecord): Promise<Confirmation>;
  /** Seconds without a request after which a session ends. */
  idleSeconds: number;
  /** How old the provider's word on somebody's groups may be, in seconds. */
  groupsMaxAgeSeconds: number;
  /** How long a request waits for the provider; a second unless given: nginx waits 1.5 s for the whole answer. */
  waitMilliseconds?: number | undefined;
  log: Logger;
}

/** Longer than asking can take: two addresses for discovery and one answer, 5 s each. */
const leaseSeconds = 20;
const usualWaitMilliseconds = 1_000;
/** A provider that cannot be asked is left alone for this long, and whoever waits for it in vain is told at once. */
const rememberFailureMilliseconds = 3_000;

/**
 * Keeps sessions honest: the record is the truth, and the provider is asked again about the person's groups, off the
 * request's path, when half of the time for which its word counts is over. Only who comes back after a longer pause waits.
 */
export function createSessionKeeper(deps: SessionKeeperDeps): SessionKeeper {
  const { sessions, groupsMaxAgeSeconds } = deps;
  const flights = new Map<string, Promise<void>>();
  const failed = new LRUCache<string, true>({ max: 10_000, ttl: rememberFailureMilliseconds });
  const confirm = async (record: SessionRecord) => {
    if (failed.has(record.sid)) return;
    const running = flights.get(record.sid);
    if (running) return await running;
    const flight = askAgain(deps, record)
      .then((asked) => void (asked || failed.set(record.sid, true)))
      .finally(() => flights.delete(record.sid));
    flights.set(record.sid, flight);
    await flight;
  };
  const opened = (record: SessionRecord): OpenSession => ({
    record,
    confirmedUntil: record.refreshedAt + groupsMaxAgeSeconds,
  });
  return {
    async open(claims) {
      const now = Date.now() / 1000;
      const record = await standing(deps, claims, now);
      sessions.touch(record, Math.floor(now));
      const age = now - record.refreshedAt;
      if (age < groupsMaxAgeSeconds / 2) return opened(record);
      if (age < groupsMaxAgeSeconds) {
        if (record.refreshToken !== undefined) void confirm(record);
        return opened(record);
      }
      await Promise.race([
        confirm(record),
        sleep(deps.waitMilliseconds ?? usualWaitMilliseconds, undefined, { ref: false }),
      ]);
      return opened(await confirmed(deps, claims.sid));
    },
  };
}

/** The record, if the session has neither ended nor been left alone for too long. */
async function standing(deps: SessionKeeperDeps, { sid, sub }: SessionClaims, now: number): Promise<SessionRecord> {
  const { sessions, idleSeconds } = deps;
  const isIdle = (record: SessionRecord) => now - record.lastSeen > idleSeconds;
  const known = await sessions.find(sid);
  // What is in memory does not tell that another process has seen the person meanwhile.
  const record = known && isIdle(known) ? await sessions.read(sid) : known;
  if (!record || record.sub !== sub || record.expiresAt <= now) throw ended();
  if (!isIdle(record)) return record;
  await sessions.end({ sid });
  const message = `This session was not used for ${Math.round(idleSeconds / 60)} minutes. Log in again.`;
  throw new AuthError('session_idle', message);
}

/** The record after the provider was asked, if it has answered. */
async function confirmed({ sessions, groupsMaxAgeSeconds }: SessionKeeperDeps, sid: string): Promise<SessionRecord> {
  const record = await sessions.read(sid);
  if (!record) throw ended();
  if (Date.now() / 1000 - record.refreshedAt < groupsMaxAgeSeconds) return record;
  throw new AuthError(
    'groups_unconfirmed',
    'The identity provider cannot confirm your groups at the moment. Try again.',
  );
}

/**
 * Asks the provider, unless another process is at it. Never throws: what came of it stands in the record.
 * @returns false if the groups could not be confirmed, and the session still stands
 */
async function askAgain(deps: SessionKeeperDeps, record: SessionRecord): Promise<boolean> {
  const { sessions, log } = deps;
  const { sid, sub: subject, username } = record;
  try {
    if (record.refreshToken === undefined) throw new SignInEnded('the provider gave no refresh token');
    const leased = await sessions.lease(sid, leaseSeconds);
    if (!leased) return await untilConfirmed(deps, record);
    // By now another process may have asked, and a provider that rotates refresh tokens takes none of them twice.
    if (leased.refreshedAt > record.refreshedAt) await sessions.release(sid);
    else await askLeased(deps, leased);
    return true;
  } catch (error) {
    if (!(error instanceof SignInEnded)) {
      log.warn({ subject, username, err: error }, 'groups could not be confirmed; the provider is asked again');
      return false;
    }
    await sessions.end({ sid }).catch(() => undefined);
    log.info({ subject, username, reason: error.message }, 'session ended: the provider does not confirm it');
    return true;
  }
}

async function askLeased({ sessions, ask, log }: SessionKeeperDeps, record: SessionRecord): Promise<void> {
  const { sid, sub: subject, username } = record;
  try {
    await sessions.confirm(sid, await ask(record));
  } catch (error) {
    // Otherwise nobody could try again before the lease is over.
    await sessions.release(sid).catch(() => undefined);
    throw error;
  }
  log.debug({ subject, username }, 'groups confirmed');
}

/** Another process asks: its answer comes by the store. */
async function untilConfirmed(
  { sessions, waitMilliseconds = usualWaitMilliseconds }: SessionKeeperDeps,
  { sid, refreshedAt }: SessionRecord,
): Promise<boolean> {
  for (const end = Date.now() + waitMilliseconds; Date.now() < end; await sleep(100)) {
    const record = await sessions.read(sid);
    if (!record || record.refreshedAt > refreshedAt) return true;
  }
  return false;
}

function ended(): AuthError {
  return new AuthError('session_ended', 'This session has ended. Log in again.');
}
