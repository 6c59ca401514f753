import type { Selectable } from 'kysely';
import type { Schema } from './migrations.ts';
import type { Use } from './record-cache.ts';

/** The record of one session: the session lasts as long as its record. Times in seconds since 1970. */
export interface SessionRecord {
  sid: string;
  sub: string;
  username: string;
  groups: readonly string[];
  createdAt: number;
  expiresAt: number;
  /** Name of the provider that the person logged in with, and the app client that it was for. */
  provider: string;
  clientId: string;
  /** When the provider last named the person's groups. */
  refreshedAt: number;
  /** When the session was last used, to within half a minute; to within an hour for clients. */
  lastSeen: number;
  /** The provider's refresh token, encrypted; undefined if it gave none. */
  refreshToken: string | undefined;
  /** When the provider was last asked with this refresh token. */
  triedAt: number;
  /** The name to show instead of the user name. People may choose it. */
  shownName: string | undefined;
  /** What shows it: a cookie, the access tokens of an OAuth client, or a token that the person made. */
  kind: 'browser' | 'client' | 'personal';
  /** The OAuth client: the digest of its id, or the address of its metadata document. */
  oauthClient: string | undefined;
  /** What the OAuth client calls itself, or the name that the person gave to a personal token; to show only. */
  oauthClientName: string | undefined;
  /** The only audience that it opens, as `resourceOf` spells it; undefined for a browser. */
  resource: string | undefined;
  /** Seconds without a request after which it ends, undefined for never. A browser's is `SESSION_IDLE_MINUTES` instead. */
  idleSeconds: number | undefined;
  /** Where the person has logged in for it, as nginx saw it; undefined if that is not known. */
  loginAddress?: string | undefined;
  /** Where it was used at `lastSeen`. */
  usedAddress?: string | undefined;
}

/** A person at providers that share their subjects. */
export interface PersonAt {
  providers: readonly string[];
  sub: string;
}

/** A row of the table `session`. */
export type SessionRow = Selectable<Schema['session']>;

/** @param use when and where the session was last used, which memory may know better than the row */
export function fromRow(row: SessionRow, use: Use): SessionRecord {
  const { sid, sub, username, provider } = row;
  return {
    ...{ sid, sub, username, provider },
    groups: JSON.parse(row.groups) as string[],
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    clientId: row.client_id,
    refreshedAt: row.refreshed_at,
    lastSeen: use.at,
    refreshToken: row.refresh_token ?? undefined,
    triedAt: row.tried_at,
    shownName: row.shown_name ?? undefined,
    kind: row.kind as SessionRecord['kind'],
    oauthClient: row.oauth_client ?? undefined,
    oauthClientName: row.oauth_client_name ?? undefined,
    resource: row.resource ?? undefined,
    idleSeconds: row.idle_seconds ?? undefined,
    loginAddress: row.login_address ?? undefined,
    usedAddress: use.where,
  };
}

/** The row of a new session. */
export function toRow(record: SessionRecord): SessionRow {
  const { sid, sub, username, provider } = record;
  return {
    ...{ sid, sub, username, provider },
    groups: JSON.stringify(record.groups),
    created_at: record.createdAt,
    expires_at: record.expiresAt,
    client_id: record.clientId,
    refreshed_at: record.refreshedAt,
    last_seen: record.lastSeen,
    refresh_token: record.refreshToken ?? null,
    leased_until: 0,
    kind: record.kind,
    oauth_client: record.oauthClient ?? null,
    oauth_client_name: record.oauthClientName ?? null,
    resource: record.resource ?? null,
    idle_seconds: record.idleSeconds ?? null,
    tried_at: record.triedAt,
    shown_name: record.shownName ?? null,
    login_address: record.loginAddress ?? null,
    used_address: record.usedAddress ?? null,
  };
}
