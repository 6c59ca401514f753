import type { Usage, UsageQuery, UsageRow } from '../../../../common/doors/usage.ts';
import type { RuleUse } from '../../../../policy/review/unused-rights.ts';
import type { AuditDatabase } from '../../store/database.ts';
import type { NameKind } from '../../store/schema.ts';
import type { Visible } from '../../visible.ts';
import { addCounts, type Counts, noCounts, shownCounts } from '../sums/counts.ts';
import { hourMilliseconds } from '../sums/make-sums.ts';
import type { SumCache } from './cache.ts';
import { labelsOf } from './labels.ts';
import { mergeCells, type NamelessRow } from './merge.ts';
import { createSpans } from './read-span.ts';

/** What was called, and which rules have allowed something in the year that is kept. */
export interface UsageAnswer {
  usage: Omit<Usage, 'unused'>;
  uses: readonly RuleUse[];
}

export interface UsageInput {
  query: UsageQuery;
  visible: Visible;
  /** Milliseconds since 1970. */
  now: number;
}

/** Answers about usage. */
export function createUsage(db: AuditDatabase, cached: SumCache): (input: UsageInput) => Promise<UsageAnswer> {
  const readSpan = createSpans(db, cached);
  const named = async (kind: NameKind, rows: readonly NamelessRow[]) => {
    const ids = rows.map(({ id }) => id);
    const labels = await labelsOf(db.main, kind, ids);
    return rows.map((row) => rowOf(row, labels.get(row.id)));
  };
  return async ({ query, visible, now }) => {
    const { layout, parts, before, uses, since } = await readSpan(query.span, now);
    const maySee = seeing(visible, query.server);
    const { total, ...merged } = mergeCells(layout, parts, maySee);
    const beforeTotal = noCounts();
    for (const { key, counts } of before) if (maySee(key.server)) addCounts(beforeTotal, counts);
    return {
      usage: {
        span: query.span,
        from: isoOfHour(layout.from),
        to: new Date(now).toISOString(),
        since: since === undefined ? null : isoOfHour(since),
        slotSeconds: layout.slotHours * 3_600,
        measured: measuredOf(total),
        total: shownCounts(total),
        before: shownCounts(beforeTotal),
        ...merged,
        servers: merged.servers.map((row) => rowOf(row)),
        tools: merged.tools.map((row) => rowOf(row)),
        people: await named('person', merged.people),
        agents: await named('person', merged.agents),
        clients: await named('client', merged.clients),
      },
      uses: uses.filter(({ server }) => maySee(server)),
    };
  };
}

/** Which servers' sums an answer may hold. @param only the one server that was asked about */
function seeing({ servers }: Visible, only?: string): (server: string) => boolean {
  const visible = servers === 'all' ? undefined : new Set(servers);
  return (server) => (only === undefined || server === only) && (visible?.has(server) ?? true);
}

function measuredOf({ calls, refused, measured }: Counts): Usage['measured'] {
  if (measured === 0) return 'none';
  return measured >= calls - refused ? 'all' : 'some';
}

function isoOfHour(hour: number): string {
  return new Date(hour * hourMilliseconds).toISOString();
}

function rowOf({ id, server, slots, counts }: NamelessRow, name = id): UsageRow {
  const last = new Date(counts.last * 1_000).toISOString();
  const of = { ...(server !== undefined && { server }), ...(slots && { slots }) };
  return { id, name, ...of, last, ...shownCounts(counts) };
}
