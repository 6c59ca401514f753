import type { SessionRecord } from '../../auth-server/store/session-record.ts';
import { cleanText } from '../../common/text/clean.ts';
import type { Revoked, RevokeTarget } from './revoke.ts';

/** The first 8 characters of a session id: enough to tell sessions apart. The whole id would be half of a cookie. */
export function shortId(sid: string): string {
  return sid.slice(0, 8);
}

/** Sessions as JSON, for programs. Times in ISO 8601, UTC. */
export function sessionsAsJson(sessions: readonly SessionRecord[]): string {
  const time = (seconds: number) => new Date(seconds * 1000).toISOString();
  const rows = sessions.map((session) => ({
    session: shortId(session.sid),
    user: session.username,
    sub: session.sub,
    provider: session.provider,
    client: session.clientId,
    kind: session.kind,
    oauth_client: session.oauthClient,
    oauth_client_name: session.oauthClientName && plain(session.oauthClientName),
    resource: session.resource,
    groups: session.groups,
    since: time(session.createdAt),
    used: time(session.lastSeen),
    ends: time(session.expiresAt),
  }));
  return JSON.stringify(rows, null, 2);
}

/** Sessions as a table, for people. */
export function sessionsAsTable(sessions: readonly SessionRecord[]): string {
  if (sessions.length === 0) return 'No one is logged in.';
  const time = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const rows = sessions.map(
    ({ sid, username, provider, groups, createdAt, lastSeen, kind, oauthClientName, oauthClient }) => [
      shortId(sid),
      plain(username),
      provider,
      plain(groups.join(', ')),
      time(createdAt),
      time(lastSeen),
      plain(oauthClientName ?? oauthClient ?? kind),
    ],
  );
  const table = [['SESSION', 'USER', 'PROVIDER', 'GROUPS', 'SINCE (UTC)', 'LAST USED', 'CLIENT'], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return lines.map((line) => line.trimEnd()).join('\n');
}

function plain(text: string): string {
  return cleanText(text).slice(0, 80);
}

/** What has been ended, in words, with a hint if it was nothing. */
export function revokedInWords(target: RevokeTarget, { sessions, tokens, accounts }: Revoked): string {
  const ended = sessions === 1 ? '1 session ended' : `${sessions} sessions ended`;
  if (!tokens) return sessions > 0 ? `${ended}.` : 'There is no such session; --list shows them.';
  const done = [
    `${ended}; tokens given out until now are refused.`,
    ...(accounts === undefined
      ? []
      : [`${accounts === 1 ? '1 account' : `${accounts} accounts`} at servers disconnected.`]),
  ].join(' ');
  if (sessions > 0 || (accounts ?? 0) > 0 || target === 'everybody') return done;
  return `${done}\nIf you expected more: names must match exactly, as --list and the log show them.`;
}
