import type { Selectable } from 'kysely';
import type { Schema } from '../migrations.ts';

/** What is known of an account without opening its tokens. Times in seconds since 1970. */
export interface AccountRow {
  key: string;
  subject: string;
  /** Name of the entry in UPSTREAM_SECRETS_FILE. */
  account: string;
  server: string;
  address: string;
  identity: string;
  locked: string;
  scopes: readonly string[];
  /** The account's name at the provider. */
  shownName: string | undefined;
  state: 'ok' | 'ended' | 'more_scopes' | 'refuses';
  /** Whether it may be used without a refresh first: not after a restore. */
  isConfirmed: boolean;
  hasRefreshToken: boolean;
  createdAt: number;
  version: number;
  /** Undefined if the provider did not say. */
  expiresAt: number | undefined;
  /** From when on it is refreshed ahead. */
  refreshAt: number | undefined;
  usedAt: number;
  /** Whether it was used since the last refresh. */
  isUsed: boolean;
  forcedAt: number;
}

/** The tokens of an account, from a provider's answer, locked. */
export type NewTokens = Pick<AccountRow, 'locked' | 'hasRefreshToken' | 'expiresAt' | 'refreshAt' | 'scopes'>;

export type ConnectedRow = NewTokens &
  Pick<AccountRow, 'key' | 'subject' | 'account' | 'server' | 'address' | 'identity' | 'shownName'>;

/** The right to ask the provider for new tokens of one account. */
export interface AccountLease {
  /** The row as it was when the lease began. */
  row: AccountRow;
  /** Grows with each lease: a later holder makes an earlier one's answer void. */
  fence: number;
}

export function toAccountRow(row: Selectable<Schema['account']>): AccountRow {
  return {
    key: row.key,
    subject: row.subject,
    account: row.account,
    server: row.server,
    address: row.address,
    identity: row.identity,
    locked: row.locked,
    scopes: row.scopes === '' ? [] : row.scopes.split(' '),
    shownName: row.shown_name ?? undefined,
    state: row.state,
    isConfirmed: row.confirmed === 1,
    hasRefreshToken: row.has_refresh_token === 1,
    createdAt: row.created_at,
    version: row.version,
    expiresAt: row.expires_at ?? undefined,
    refreshAt: row.refresh_at ?? undefined,
    usedAt: row.used_at,
    isUsed: row.is_used === 1,
    forcedAt: row.forced_at,
  };
}

/** The columns that new tokens change. */
export function tokenColumns({ locked, hasRefreshToken, expiresAt, refreshAt, scopes }: NewTokens) {
  return {
    locked,
    has_refresh_token: hasRefreshToken ? 1 : 0,
    expires_at: expiresAt ?? null,
    refresh_at: refreshAt ?? null,
    scopes: scopes.join(' '),
    state: 'ok',
    confirmed: 1,
    is_used: 0,
    leased_until: 0,
  } as const;
}
