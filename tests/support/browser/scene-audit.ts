// What the audit of the scene has: decisions, visits without a sign-in, events, and their sums.
import type { Decision, DecisionSums } from '../../../common/doors/decisions.ts';
import type { AuditDoor } from '../../../registry/doors/decisions.ts';

const base = {
  resource: 'mcp',
  policy: '5f0c1b2a9d3e',
  microseconds: 40,
  http: 'POST /github/mcp',
  method: 'tools/call',
};
const longest = 'a_tool_with_a_very_long_name_'.repeat(4);

/** What the gate has decided, newest first. */
function decisionsAt(now: Date): Decision[] {
  const at = (minutes: number) => new Date(now.getTime() - minutes * 60_000).toISOString();
  const calls = Array.from({ length: 24 }, (_, i): Decision => {
    const refused: Partial<Decision> = {
      ...{ reason: 'not_permitted', status: 403, object: 'delete_branch' },
      message: 'Not allowed: tools/call delete_branch on github.',
    };
    const allowed = { object: 'search_issues', rule: 'mcp-registry-user[1]' };
    const isRefused = i % 5 === 1;
    const username = ['bob', 'carol', 'dave'][i % 3] ?? 'bob';
    return {
      ...{ id: `c-0-${24 - i}`, at: at(45 * i), verdict: isRefused ? 'deny' : 'allow', ...base },
      ...(isRefused ? refused : allowed),
      ...{ subject: `s-${username}`, username, groups: ['mcp-registry-user'], scopes: ['mcp-registry-user'] },
      ...{ server: i % 4 === 0 ? 'currenttime' : 'github', client_name: 'Claude Code', address: '10.20.4.17' },
    };
  });
  const everything: Decision = {
    ...{ id: 'c-1-9', at: at(2), verdict: 'allow', ...base, http: 'POST /hub/mcp', auth_method: 'jwt' },
    ...{ subject: '22222222-aaaa-4000-8000-000000000002', username: 'f00d', shown_name: 'Bob Baker' },
    ...{ client_id: 'w8Qf3kZb2mN7xT1rV5yC9e', client_name: 'Visual Studio Code', address: '2001:db8::1', via: 'hub' },
    ...{ groups: Array.from({ length: 30 }, (_, i) => `team-${i}`), scopes: ['mcp-registry-user'], server: 'github' },
    ...{ object: longest, object_digest: 'zN'.repeat(21), objects: 3, definition: 'a1'.repeat(32) },
    ...{ account: 'github', account_used: true, rule: 'mcp-registry-user[1]', request_id: 'ab'.repeat(16) },
  };
  const visits = Array.from({ length: 12 }, (_, i): Decision => {
    const reason = i === 3 ? 'session_expired' : 'credentials_missing';
    const id = `c-2-${20 - i}`;
    return { id, at: at(3 + i / 10), verdict: 'deny', reason, status: 401, resource: 'registry', http: 'GET /' };
  });
  const event = (n: number, method: string, more: Partial<Decision>): Decision => {
    return { id: `c-3-${n}`, at: at(5 + n), verdict: 'allow', subject: 's-alice', username: 'alice', method, ...more };
  };
  const events = [
    event(1, 'accounts/connect', { server: 'notion', object: 'alice@example.com' }),
    event(2, 'access/end', { about: 's-dave', about_name: 'dave', detail: 'all access of dave', count: 5 }),
    event(3, 'audit/export', { count: 1204 }),
    ...[5, 6].map((n) => event(n, 'audit/read', { detail: 'verdict=deny span=24h' })),
    { id: 'c-3-4', at: at(9), verdict: 'allow', method: 'audit/lost', count: 17 } as const,
  ];
  const all = [...calls, everything, ...visits, ...events];
  return all.sort((a, b) => b.at.localeCompare(a.at));
}

/** The sums of these decisions, as the auth-server counts them. */
export function sumsOf(decisions: readonly Decision[]): DecisionSums {
  const rowOf = ({ subject, username, shown_name, server, resource, object, method, reason }: Decision) => ({
    ...{ person: subject ?? null, name: shown_name ?? username ?? '' },
    ...{
      server: server ?? (resource === 'registry' ? '#registry' : ''),
      tool: object ?? method ?? '',
      reason: reason ?? '',
    },
  });
  const groups = Map.groupBy(decisions, (each) => JSON.stringify(rowOf(each)));
  const rows = [...groups].map(([row, { length: count }]) => ({
    ...(JSON.parse(row) as ReturnType<typeof rowOf>),
    count,
  }));
  return { rows: rows.sort((a, b) => b.count - a.count), cut: false };
}

/** The audit of the scene: it knows the filters `id` and `person`. */
export function auditOf(now: Date): AuditDoor {
  const all = decisionsAt(now);
  const oldest = all.at(-1)?.at ?? null;
  const found = ({ id, person }: { id?: string | undefined; person?: string | undefined }) =>
    all.filter((each) => (!id || each.id === id) && (!person || each.username === person || each.subject === person));
  return {
    decisions: async (_assertion, query) => ({ decisions: found(query), next: null, kept: all.length, oldest }),
    sums: async (_assertion, query) => sumsOf(found(query)),
    suggest: async () => ({ values: [{ value: 's-bob', label: 'bob' }] }),
  };
}
