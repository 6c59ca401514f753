import { createHash } from 'node:crypto';
import type { Principal } from './principal.ts';

/** The mark under which the end of a session is announced to the relay. */
export function sessionMark(sid: string): string {
  return markOf('session', sid);
}

/** Every mark that would end what this caller has open. */
export function marksOf({ sessionId, subject, clientId }: Principal): string[] {
  return [
    ...(sessionId === undefined ? [] : [sessionMark(sessionId)]),
    markOf('subject', subject),
    ...(clientId === undefined ? [] : [markOf('client', clientId)]),
  ];
}

function markOf(kind: string, value: string): string {
  return createHash('sha256').update(`${kind} ${value}`).digest('base64url').slice(0, 22);
}
