import { sql } from 'kysely';
import type { Decision, DecisionPage, DecisionsQuery } from '../../../common/doors/decisions.ts';
import type { AuditRecord } from '../record.ts';
import type { AuditDatabase } from '../store/database.ts';
import type { NameStore } from '../store/names.ts';
import { isIn } from '../store/sql.ts';
import { readRecord, toDecision } from '../stored-record.ts';
import type { Visible } from '../visible.ts';
import { createFilters } from './filters.ts';
import { countKept } from './kept.ts';
import { placeOf, type ReadRow, readNewest, readOne } from './rows.ts';

/** Reads pages of records, the newest first. */
export function createPages(database: AuditDatabase, names: NameStore) {
  const filtersOf = createFilters(database, names);
  const rowsOf = async (query: DecisionsQuery, visible: Visible): Promise<ReadRow[]> => {
    const filters = await filtersOf(query, visible);
    if (!filters) return [];
    const { id, before, since, until, limit } = query;
    if (id) {
      const row = await readOne(database, id, filters.conditions);
      return row ? [row] : [];
    }
    return await readNewest(database, filters, {
      ...(before !== undefined && { before: placeOf(before) }),
      ...(since !== undefined && { since: Date.parse(since) }),
      ...(until !== undefined && { until: Date.parse(until) }),
      // One more than the page holds: then there is a next page.
      limit: limit + 1,
    });
  };
  return async (query: DecisionsQuery, visible: Visible): Promise<DecisionPage> => {
    const rows = await rowsOf(query, visible);
    const decisions = await toDecisions(database, rows.slice(0, query.limit));
    const next = rows.length > query.limit ? (decisions.at(-1)?.id ?? null) : null;
    const { kept, oldest } = await countKept(database, visible);
    return { decisions, next, kept, oldest: oldest === null ? null : new Date(oldest).toISOString() };
  };
}

/** Records as the API returns them, with their callers' groups and scopes. */
export async function toDecisions(database: AuditDatabase, rows: readonly ReadRow[]): Promise<Decision[]> {
  const digests = [...new Set(rows.flatMap(({ caller }) => caller ?? []))];
  const texts = new Map<string, string>();
  if (digests.length > 0) {
    const callers = database.main.selectFrom('audit_caller').select(['digest', 'text']);
    const found = await callers.where(sql<boolean>`${isIn(database.kind, 'digest', digests)}`).execute();
    for (const { digest, text } of found) texts.set(digest, text);
  }
  return rows.map((row) => toDecision(recordOf(row), row, texts.get(row.caller ?? '')));
}

/** The record of a row; of one whose text is erased or of another release, what its columns say. */
function recordOf(row: ReadRow): AuditRecord {
  try {
    if (row.record !== null) return readRecord(row.record);
  } catch {
    // Below.
  }
  const { at, reason, server, object, method } = row;
  const isRegistry = server === '#registry';
  return {
    at,
    verdict: row.verdict === 'allow' ? 'allow' : 'deny',
    ...(reason !== null && { reason }),
    ...(server !== null && { resource: isRegistry ? 'registry' : 'mcp' }),
    ...(server !== null && !isRegistry && { server }),
    ...(object !== null && { object }),
    ...(method !== null && { method }),
  };
}
