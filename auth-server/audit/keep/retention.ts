import type { AuditDatabase } from '../store/database.ts';
import { dayAfter, dayMilliseconds, dayOf } from '../store/days.ts';
import type { NameStore } from '../store/names.ts';

interface RetentionDeps {
  database: AuditDatabase;
  names: NameStore;
  /** Whole days for which records are kept, and the most bytes that they take. */
  limits: { days: number; maxBytes: number };
  /** Drops a day for good, and may be called by several processes at once. */
  drop: (day: string) => Promise<void>;
  dropped: (day: string, why: 'age' | 'size') => void;
  /** Called once a day if today's records alone take too much. */
  tooLarge: (bytes: number) => void;
}

/** Names are kept as long as sums. */
const nameDays = 366;
/** Callers are noted once a day at least while they come. */
const callerSlackDays = 2;

/** Drops the days that are too old, and the oldest while all take too much; never today. */
export function createRetention({ database, names, limits, drop, dropped, tooLarge }: RetentionDeps) {
  let toldOn = '';
  const shrink = async (days: readonly string[], today: string) => {
    const sizes: number[] = [];
    for (const day of days) sizes.push(await database.size(day));
    let bytes = sizes.reduce((all, size) => all + size, 0);
    for (const [index, day] of days.entries()) {
      if (bytes <= limits.maxBytes) return;
      if (day >= today) break;
      await drop(day);
      dropped(day, 'size');
      bytes -= sizes[index] ?? 0;
    }
    if (bytes <= limits.maxBytes || toldOn === today) return;
    toldOn = today;
    tooLarge(bytes);
  };
  return async (): Promise<void> => {
    const now = Date.now();
    const first = dayAfter(now, -limits.days);
    for (const day of await database.days()) {
      if (day >= first) break;
      await drop(day);
      dropped(day, 'age');
    }
    await shrink(await database.days(), dayOf(now));
    const before = (days: number) => now - days * dayMilliseconds;
    await names.forget({ names: before(nameDays), callers: before(limits.days + callerSlackDays) });
  };
}
