import type { Kysely } from 'kysely';
import type { UsageSpan } from '../../../../common/doors/usage.ts';
import type { RuleUse } from '../../../../policy/review/unused-rights.ts';
import type { AuditDatabase } from '../../store/database.ts';
import type { MainSchema } from '../../store/schema.ts';
import { readFresh } from '../sums/fresh.ts';
import { hourMilliseconds } from '../sums/make-sums.ts';
import type { CountedRow } from '../sums/rows.ts';
import { type Layout, layoutOf, segmentsOf } from '../sums/spans.ts';
import { readState } from '../sums/state.ts';
import { allowed } from '../sums/sum-key.ts';
import type { SumCache } from './cache.ts';
import type { Cells } from './cells.ts';
import { freshCells, readCells } from './read-cells.ts';
import { type Group, readCalls, readUses } from './read-sums.ts';

/** Everything that is known of a span, of all servers. */
export interface Span {
  layout: Layout;
  parts: readonly Cells[];
  /** Of the span of the same length before. */
  before: readonly Group<'server'>[];
  /** In the year that is kept. */
  uses: readonly RuleUse[];
  /** The first hour that has sums. */
  since: number | undefined;
}

const yearHours = 366 * 24;
/** Hours that are read for each answer, because the next run makes their sums once more. */
const openHours = 2;

/** Reads spans. What no longer changes is read once. */
export function createSpans(db: AuditDatabase, cached: SumCache) {
  const main = db.main;
  const readAllUses = async (version: number, closed: number, hour: number) => {
    const day = closed - (closed % 24);
    const year = { from: day - yearHours, to: day };
    return [
      ...(await cached(`year ${version} ${day}`, () => readUses(main, segmentsOf(year)))),
      ...(await cached(`day ${version} ${closed}`, () => readUses(main, segmentsOf({ from: day, to: closed })))),
      ...(await readUses(main, [{ hours: 1, from: closed, to: hour + 1 }])),
    ];
  };
  return async (span: UsageSpan, now: number): Promise<Span> => {
    const hour = Math.floor(now / hourMilliseconds);
    const layout = layoutOf(span, hour);
    const closed = hour + 1 - openHours;
    const version = (await readState(main, 'version')) ?? 0;
    const fresh = await readFresh(db, now);
    const servers = await knownServers(main);
    const earlier = { from: layout.from - layout.slots.length * layout.slotHours, to: layout.from };
    const day = Math.max(layout.from, closed - (closed % 24));
    return {
      layout,
      parts: [
        await cached(`${span} ${version} ${layout.from} ${day}`, () => readCells(main, layout, layout.from, day)),
        await cached(`${span} ${version} ${day} ${closed}`, () => readCells(main, layout, day, closed)),
        await readCells(main, layout, closed, hour + 1),
        freshCells(layout, fresh, (server) => servers.has(server)),
      ],
      before: await cached(`before ${span} ${version} ${layout.from}`, () =>
        readCalls(main, segmentsOf(earlier), ['server']),
      ),
      uses: lastUses([...(await readAllUses(version, closed, hour)), ...fresh.flatMap(useOf)]),
      since: await firstHour(main),
    };
  };
}

/** One for each rule, server, method and object. */
function lastUses(uses: readonly RuleUse[]): RuleUse[] {
  const last = new Map<string, RuleUse>();
  for (const use of uses) {
    const key = JSON.stringify([use.rule, use.server, use.method, use.object]);
    if (use.last > (last.get(key)?.last ?? 0)) last.set(key, use);
  }
  return [...last.values()];
}

function useOf({ key: { rule, server, method, object, outcome }, counts: { last } }: CountedRow): RuleUse[] {
  return outcome === allowed && rule !== '' ? [{ rule, server, method, object, last }] : [];
}

async function firstHour(main: Kysely<MainSchema>): Promise<number | undefined> {
  const first = main.selectFrom('audit_sum').select('at').where('hours', '=', 1).orderBy('at').limit(1);
  return (await first.executeTakeFirst())?.at;
}

async function knownServers(main: Kysely<MainSchema>): Promise<ReadonlySet<string>> {
  const rows = await main.selectFrom('audit_word').select('text').where('kind', '=', 'server').execute();
  return new Set(rows.map(({ text }) => text));
}
