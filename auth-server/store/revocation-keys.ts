import { createHash } from 'node:crypto';

/** Who a credential was issued to: what its revocation can name. */
export interface RevocableCaller {
  sessionId: string | undefined;
  subject: string;
  username: string;
  clientId: string | undefined;
}

/** The revocation key of one session. */
export function sessionRevocationKey(sid: string): string {
  return keyOf('session', sid);
}

/** The revocation key of a user (by name or `sub`), of a client, or of everybody. */
export function accountRevocationKey(kind: 'user' | 'client' | 'everybody', value: string): string {
  return keyOf(kind, value);
}

/** Every revocation key that would end what this caller has open. */
export function revocationKeysOf({ sessionId, subject, username, clientId }: RevocableCaller): string[] {
  return [
    ...(sessionId === undefined ? [] : [sessionRevocationKey(sessionId)]),
    keyOf('everybody', ''),
    keyOf('user', subject),
    ...(username === subject ? [] : [keyOf('user', username)]),
    ...(clientId === undefined ? [] : [keyOf('client', clientId)]),
  ];
}

function keyOf(kind: string, value: string): string {
  return createHash('sha256').update(`${kind} ${value}`).digest('base64url').slice(0, 22);
}
