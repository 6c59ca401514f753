import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../common/log.ts';
import { AuthError } from './errors.ts';
import type { SessionClaims } from './session.ts';
import type { Confirmation, SessionRecord, SessionStore } from './store/session-store.ts';

/** Says whether a session still stands. */
export interface SessionKeeper {
  /**
   * @returns the session's record, its groups confirmed by the provider not too long ago
   * @throws {AuthError} session_ended, session_idle or groups_unconfirmed
   */
  open(claims: SessionClaims): Promise<SessionRecord>;
}

/** The person is not let in by the provider any more: blocked, deleted, signed out everywhere, or the token has run out. */
export class SignInEnded extends Error {}

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
  log: Logger;
}

const leaseSeconds = 15;
/** The gate waits 1.5 s for an answer; more than this and it would hear nothing at all. */
const longestWaitMilliseconds = 1_000;
/** Whoever asks in vain asks again at once: they need not wait each time. */
const rememberFailureMilliseconds = 3_000;

/**
 * Keeps sessions honest: the record is the truth, and the provider is asked again about the person's groups, off the
 * request's path, when half of the time for which its word counts is over. Only who comes back after a longer pause waits.
 */
export function createSessionKeeper(deps: SessionKeeperDeps): SessionKeeper {
  const { sessions, idleSeconds, groupsMaxAgeSeconds } = deps;
  const flights = new Map<string, Promise<void>>();
  const failed = new LRUCache<string, true>({ max: 10_000, ttl: rememberFailureMilliseconds });
  const confirm = (record: SessionRecord) => {
    const running = flights.get(record.sid);
    if (running) return running;
    const flight = askAgain(deps, record)
      .then((asked) => void (asked || failed.set(record.sid, true)))
      .finally(() => flights.delete(record.sid));
    flights.set(record.sid, flight);
    return flight;
  };
  return {
    async open({ sid, sub }) {
      const now = Date.now() / 1000;
      const record = await sessions.find(sid);
      if (!record || record.sub !== sub || record.expiresAt <= now) throw ended();
      if (now - record.lastSeen > idleSeconds) {
        await sessions.end({ sid });
        const message = `This session was not used for ${Math.round(idleSeconds / 60)} minutes. Log in again.`;
        throw new AuthError('session_idle', message);
      }
      sessions.touch(record, Math.floor(now));
      const age = now - record.refreshedAt;
      if (age < groupsMaxAgeSeconds / 2) return record;
      if (age < groupsMaxAgeSeconds) {
        if (record.refreshToken !== undefined) void confirm(record);
        return record;
      }
      if (!failed.has(sid))
        await Promise.race([confirm(record), sleep(longestWaitMilliseconds, undefined, { ref: false })]);
      return await confirmed(deps, sid);
    },
  };
}

/** The record after the provider was asked, if it has answered. */
async function confirmed({ sessions, groupsMaxAgeSeconds }: SessionKeeperDeps, sid: string): Promise<SessionRecord> {
  const record = await sessions.find(sid);
  if (!record) throw ended();
  if (Date.now() / 1000 - record.refreshedAt < groupsMaxAgeSeconds) return record;
  throw new AuthError(
    'groups_unconfirmed',
    'The identity provider cannot confirm your groups at the moment. Try again.',
  );
}

/**
 * Asks the provider, unless another process is at it. Never throws: what came of it stands in the record.
 * @returns false if the provider could not be asked
 */
async function askAgain({ sessions, ask, log }: SessionKeeperDeps, record: SessionRecord): Promise<boolean> {
  const { sid, sub: subject, username } = record;
  try {
    if (record.refreshToken === undefined) throw new SignInEnded('the provider gave no refresh token');
    if (!(await sessions.lease(sid, leaseSeconds))) {
      await untilConfirmed(sessions, record);
      return true;
    }
    await sessions.confirm(sid, await ask(record));
    log.debug({ subject, username }, 'groups confirmed');
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

/** Another process asks: its answer comes by the store. */
async function untilConfirmed(sessions: SessionStore, { sid, refreshedAt }: SessionRecord): Promise<void> {
  for (const end = Date.now() + longestWaitMilliseconds; Date.now() < end; await sleep(100)) {
    const record = await sessions.find(sid);
    if (!record || record.refreshedAt > refreshedAt) return;
  }
}

function ended(): AuthError {
  return new AuthError('session_ended', 'This session has ended. Log in again.');
}
