import { revocationKey } from '../revocation-feed.ts';

/** The key of an account in the revocation feed: what it has open ends with it. @param key of accounts/account-key.ts */
export function accountMark(key: string): string {
  return revocationKey('account', key);
}

/** Says in the feed that an account has new tokens, or another state. What is open goes on: no ticket holds this mark. */
const changedMark = 'a.';
export const changedOf = (key: string): string => changedMark + accountMark(key);

/** What the feed says when an account has gone: what it has open ends, and no process uses it from memory. */
export function goneMarks(key: string): string[] {
  return [accountMark(key), changedOf(key)];
}

/** Whether a key of the feed is only about accounts in memory. */
export function isAccountChange(mark: string): boolean {
  return mark.startsWith(changedMark);
}

/** The mark of the account that a key of the feed is about. */
export function withoutChange(mark: string): string {
  return mark.replace(changedMark, '');
}
