import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { AuditDatabase } from '../../store/database.ts';
import { dayAfter, dayOf, dayRange } from '../../store/days.ts';
import { type MainSchema, turns } from '../../store/schema.ts';
import { readRows } from './rows.ts';
import { readState, takeLease, writeState } from './state.ts';
import { createSums, type Sums } from './sums.ts';
import { readWords, type Words } from './words.ts';
import { writeDay, writeHour } from './write-sums.ts';

export const hourMilliseconds = 3_600_000;
/** A run renews it for each piece of work, none of which takes this long. */
const leaseMilliseconds = 120_000;
/** Records may come late: those of a process that could not write, and those of an older release that are taken over. */
const lateDays = 8;
const keptHours = 366 * 24;

type Main = Kysely<MainSchema>;

/** Thrown if another process has taken over. */
class LeaseLost extends Error {}

/**
 * Brings the sums up to date: of each hour that has rows which are not in them, and once more of the last two hours, because
 * what nginx has measured comes after the decision. One process at a time; another one's call does nothing.
 * @param holder names this process
 * @param now in milliseconds since 1970
 * @returns whether this call made them
 */
export async function makeSums(db: AuditDatabase, holder: string, now: number): Promise<boolean> {
  const main = db.main;
  const alone = <T>(work: (on: Main) => Promise<T>) =>
    db.alone(turns.sums, async (transaction) => {
      const on = transaction;
      if (!(await takeLease(on, holder, now, leaseMilliseconds))) throw new LeaseLost();
      return await work(on);
    });
  try {
    await alone(async () => undefined);
    await update(db, main, alone, now);
    return true;
  } catch (error) {
    if (error instanceof LeaseLost) return false;
    throw error;
  }
}

type Alone = <T>(work: (on: Main) => Promise<T>) => Promise<T>;

async function update(db: AuditDatabase, main: Main, alone: Alone, now: number): Promise<void> {
  const before = await readState(main, 'reached');
  const known = await db.days();
  const days = before ? known.filter((day) => day >= dayAfter(before.at, -lateDays)) : known;
  const { reached, hours } = await newRows(db, days, new Map(before?.writers));
  const current = Math.floor(now / hourMilliseconds);
  for (const hour of [current - 1, current]) if (known.includes(dayOf(hour * hourMilliseconds))) hours.add(hour);
  const words = await readWords(main);
  const touched = [...hours].sort((a, b) => a - b);
  const sums = new Map<number, Sums>();
  for (const hour of touched) {
    sums.set(hour, await sumsOf(db, hour));
    // Nothing is shown before the first run is through, so its hours need not appear all at once.
    if (!before) await alone((on) => write(on, sums, words));
  }
  await alone(async (on) => {
    await write(on, sums, words);
    for (const day of new Set(touched.map((hour) => Math.floor(hour / 24)))) await writeDay(on, day);
    await on
      .deleteFrom('audit_sum')
      .where('hours', 'in', [1, 24])
      .where('at', '<', current - keptHours)
      .execute();
    await writeState(on, 'reached', { at: now, writers: [...reached] });
    const isOld = touched.some((hour) => hour < current - 1);
    if (isOld) await writeState(on, 'version', ((await readState(on, 'version')) ?? 0) + 1);
  });
}

/** Writes sums, and forgets them. */
async function write(on: Main, sums: Map<number, Sums>, words: Words): Promise<void> {
  for (const [hour, made] of sums) {
    const all = made.all((server) => words.has('server', server));
    await words.addAll(
      on,
      all.map(({ key }) => key),
    );
    await writeHour(on, hour, all, words);
    sums.delete(hour);
  }
}

/** The last number of each writer of these days, and the hours of rows that `before` has not reached. */
async function newRows(db: AuditDatabase, days: readonly string[], before: ReadonlyMap<number, number>) {
  const reached = new Map<number, number>();
  const hours = new Set<number>();
  for (const day of days) {
    await nextTurn();
    const { from, to } = dayRange(day);
    const rows = db.day(day).selectFrom('decision').where('at', '>=', from).where('at', '<', to);
    const tops = await rows
      .select('writer')
      .select((eb) => eb.fn.max('number').as('top'))
      .groupBy('writer')
      .execute();
    for (const { writer, top } of tops) {
      reached.set(writer, Math.max(top, reached.get(writer) ?? 0));
      const after = before.get(writer) ?? 0;
      if (top <= after) continue;
      const hour = sql<number>`floor(at / ${sql.lit(hourMilliseconds)})`;
      const found = rows.where('writer', '=', writer).where('number', '>', after).select(hour.as('hour')).distinct();
      for (const row of await found.execute()) hours.add(Number(row.hour));
    }
  }
  return { reached, hours };
}

async function sumsOf(db: AuditDatabase, hour: number): Promise<Sums> {
  const from = hour * hourMilliseconds;
  const sums = createSums();
  for await (const row of readRows(db.day(dayOf(from)), { from, to: from + hourMilliseconds })) sums.add(row);
  return sums;
}
