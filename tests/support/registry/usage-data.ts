import type { Usage, UsageCounts, UsageQuery, UsageRow } from '../../../common/doors/usage.ts';

const hour = 3_600;
const shapes = {
  '24h': { slotSeconds: hour, slots: 24 },
  '7d': { slotSeconds: 3 * hour, slots: 56 },
  '90d': { slotSeconds: 24 * hour, slots: 90 },
} as const;
const nothing: UsageCounts = { calls: 0, refused: 0, errors: 0, p50: null, p95: null };

/** The answer about a span in which nothing was called. */
export function noUsage({ span }: UsageQuery, now: Date): Usage {
  const { slotSeconds, slots } = shapes[span];
  const end = (Math.floor(now.getTime() / 1000 / slotSeconds) + 1) * slotSeconds;
  const at = (i: number) => new Date((end - (slots - i) * slotSeconds) * 1000).toISOString();
  return {
    ...{ span, from: at(0), to: now.toISOString(), since: null, slotSeconds, measured: 'none', callers: 0 },
    ...{ total: nothing, before: nothing, slots: Array.from({ length: slots }, (_, i) => ({ at: at(i), ...nothing })) },
    ...{ servers: [], tools: [], people: [], agents: [], clients: [], reasons: [], unused: [] },
  };
}

/** The answer about a busy gateway, with the longest names that there can be. */
export function someUsage(query: UsageQuery, now: Date): Usage {
  const none = noUsage(query, now);
  const slots = none.slots.map(({ at }, i) => ({
    at,
    ...(i % 8 === 7 ? nothing : countsOf(400 + ((i * 37) % 61) * 10)),
  }));
  const sum = (of: (counts: UsageCounts) => number) => slots.reduce((total, slot) => total + of(slot), 0);
  const total = {
    ...{ calls: sum(({ calls }) => calls), refused: sum(({ refused }) => refused) },
    ...{ errors: sum(({ errors }) => errors), p50: 128, p95: 612 },
  };
  const row = (id: string, name: string, share: number, more: Partial<UsageRow> = {}): UsageRow => ({
    ...{ id, name, last: new Date(now.getTime() - 7_200_000).toISOString() },
    ...countsOf(Math.round(total.calls * share)),
    ...more,
  });
  const longest = 'Averyveryverylongnamewithoutanyspace'.repeat(3);
  const servers = query.server === undefined ? ['github', 'currenttime', 'no-longer-there'] : [query.server];
  return {
    ...{ ...none, slots, total, since: new Date(now.getTime() - 200 * 86_400_000).toISOString(), callers: 23 },
    ...{ measured: query.span === '90d' ? 'some' : 'all', before: countsOf(Math.round(total.calls * 0.9)) },
    servers: servers.map((name, i) => {
      const share = [0.62, 0.25, 0.13][i] ?? 0;
      return row(name, name, share, { slots: slots.map((_, at) => slots.at(at - 3 * i)?.calls ?? 0) });
    }),
    tools: [
      row('search_issues', 'search_issues', 0.31, { server: 'github' }),
      row('delete_branch', 'delete_branch', 0.02, { server: 'github', refused: 222, errors: 0, p50: null, p95: null }),
      row('a_tool_with_a_very_long_name_'.repeat(6), 'a_tool_with_a_very_long_name_'.repeat(6), 0.01, {
        server: 'currenttime',
      }),
    ],
    people: [row('sub-dave', 'dave', 0.4), row('sub-long', longest, 0.01, { errors: 100 })],
    agents: [row('client-triage', 'agent-triage', 0.27)],
    clients: [row('w8Qf', 'Claude Code', 0.38), row('x', longest, 0.01)],
    reasons: [
      { reason: 'not_permitted', count: 268 },
      { reason: 'account_needed', count: 12 },
    ],
    unused: [
      right('mcp-registry-user[1]', ['mcp-registry-user'], 'github', ['delete_branch', 'merge_pull_request'], now),
      right('everything[1]', [], '*', [], undefined),
    ],
  };
}

const countsOf = (calls: number): UsageCounts => ({
  ...{ calls, refused: Math.round(calls * 0.04), errors: Math.round(calls * 0.011) },
  ...{ p50: 100 + (calls % 40), p95: 410 + (calls % 300) },
});

function right(rule: string, groups: string[], server: string, tools: string[], lastUsed: Date | undefined) {
  return { rule, groups, server, tools, lastUsed: lastUsed?.toISOString() ?? null };
}
