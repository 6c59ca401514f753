import { boundedCache } from '../../../common/service/bounded-cache.ts';
import { createFilters, type FilterQuery, type Filters } from '../read/filters.ts';
import { toDecisions } from '../read/page.ts';
import { placeOf, readOldest } from '../read/rows.ts';
import { recordId } from '../record.ts';
import type { AuditDatabase } from '../store/database.ts';
import { dayRange } from '../store/days.ts';
import type { NameStore } from '../store/names.ts';
import type { Visible } from '../visible.ts';
import type { ExportPage } from './stream.ts';

/** What an export asks for, a page after the other. */
export interface ExportQuestion {
  query: FilterQuery;
  visible: Visible;
  /** The `next` of the page before. */
  after: string | undefined;
}

export type ExportQuestions = ReturnType<typeof createExportQuestions>;

/** Records of a page: about 500 kB, and a hundredth of a second for the thread. */
const pageSize = 500;
/** The names that a filter stands for are looked up once for many pages. */
const filterMilliseconds = 60_000;
const mostFilters = 100;

/** Questions about all records that match, in order. */
export function createExportQuestions(database: AuditDatabase, names: NameStore) {
  const filtersOf = createFilters(database, names);
  const known = boundedCache<string, { filters: Filters | undefined }>(mostFilters);
  const knownFilters = async (query: FilterQuery, visible: Visible) => {
    const key = JSON.stringify([query, visible]);
    const found = known.get(key) ?? { filters: await filtersOf(query, visible) };
    known.set(key, found, { ttl: filterMilliseconds });
    return found.filters;
  };
  return {
    /**
     * The next records, the oldest first. It looks through one day at most, so that a rare filter does not hold up other
     * questions: a page may be empty and not the last.
     */
    async exportPage({ query, visible, after }: ExportQuestion): Promise<ExportPage> {
      const filters = await knownFilters(query, visible);
      if (!filters) return { decisions: [], next: null };
      const place = after === undefined ? undefined : placeOf(after);
      const [day, following] = await daysFrom(place?.at, query);
      if (day === undefined) return { decisions: [], next: null };
      const rows = await readOldest(database, day, filters, { after: place, limit: pageSize });
      const decisions = await toDecisions(database, rows);
      const last = rows.length === pageSize ? rows.at(-1) : undefined;
      if (last) return { decisions, next: recordId(last) };
      return { decisions, next: following === undefined ? null : beginOf(following) };
    },
  };

  async function daysFrom(at = Number.NEGATIVE_INFINITY, { since, until }: FilterQuery): Promise<string[]> {
    const first = Math.max(at, since === undefined ? at : Date.parse(since));
    const last = until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until);
    return (await database.days()).filter((day) => {
      const { from, to } = dayRange(day);
      return to > first && from <= last;
    });
  }
}

/** The place before all records of a day, in the form of an id. */
function beginOf(day: string): string {
  return recordId({ at: dayRange(day).from, writer: 0, number: 0 });
}
