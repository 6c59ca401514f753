import { createHash } from 'node:crypto';

/** What a caller's open connections are revoked by. */
export interface RevocableCaller {
  sessionId: string | undefined;
  subject: string;
  username: string;
  clientId: string | undefined;
}

/** The mark under which the end of a session is announced to the relay. */
export function sessionMark(sid: string): string {
  return markOf('session', sid);
}

/** The mark under which an operator ends all that a user (by name or `sub`) or a client has open, or everybody has. */
export function revocationMark(kind: 'user' | 'client' | 'everybody', value: string): string {
  return markOf(kind, value);
}

/** Every mark that would end what this caller has open. */
export function marksOf({ sessionId, subject, username, clientId }: RevocableCaller): string[] {
  return [
    ...(sessionId === undefined ? [] : [sessionMark(sessionId)]),
    markOf('everybody', ''),
    markOf('user', subject),
    ...(username === subject ? [] : [markOf('user', username)]),
    ...(clientId === undefined ? [] : [markOf('client', clientId)]),
  ];
}

function markOf(kind: string, value: string): string {
  return createHash('sha256').update(`${kind} ${value}`).digest('base64url').slice(0, 22);
}
