import type { Principal } from '../identity/principal.ts';

/** Whose account at which server, through which entry of UPSTREAM_SECRETS_FILE. */
export interface AccountOwner {
  /** The principal's subject, which carries the prefix of its identity provider. */
  subject: string;
  /** Name of the entry. */
  account: string;
  server: string;
}

/** The key of an account: each part encoded by itself, so that no two owners have the same key. */
export function accountKey({ subject, account, server }: AccountOwner): string {
  return [subject, account, server].map((part) => Buffer.from(part, 'utf8').toString('base64url')).join('.');
}

/**
 * Whether accounts can belong to this caller: only to people who prove at an identity provider who they are. A locally signed
 * session can name anyone.
 */
export function canHaveAccounts({
  kind,
  subject,
  authMethod,
}: Pick<Principal, 'kind' | 'subject' | 'authMethod'>): boolean {
  return kind === 'person' && authMethod !== 'public' && !subject.startsWith('local|');
}
