import { hash } from 'node:crypto';

/** Who a credential was issued to: what its revocation can name. */
type RevocableCaller = Record<'subject' | 'username', string> & Record<'sessionId' | 'clientId', string | undefined>;

/** The revocation key of one session (by `sid`), of a user (by name or `sub`), of a client, or of everybody. */
export function revocationKey(kind: 'session' | 'user' | 'client' | 'everybody', value: string): string {
  return hash('sha256', `${kind} ${value}`, 'base64url').slice(0, 22);
}

/** Every revocation key that would end what this caller has open. */
export function revocationKeysOf({ sessionId, subject, username, clientId }: RevocableCaller): string[] {
  return [
    ...(sessionId === undefined ? [] : [revocationKey('session', sessionId)]),
    revocationKey('everybody', ''),
    revocationKey('user', subject),
    ...(username === subject ? [] : [revocationKey('user', username)]),
    ...(clientId === undefined ? [] : [revocationKey('client', clientId)]),
  ];
}
