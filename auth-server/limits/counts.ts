import { boundedCache } from '../../common/service/bounded-cache.ts';
import { type Counted, keyOf, type Shared } from './count-store.ts';

/** What a call counts for: one counter of one caller. */
export interface Asked {
  counter: string;
  caller: string;
  /** The caller's name, for people who look at the counts. */
  name: string;
  /** How many calls are allowed in a window. */
  most: number;
  /** Length of a window. */
  seconds: number;
}

/** A count that has no room, and when its window ends, in milliseconds since 1970. */
export interface Full {
  asked: Asked;
  endsAt: number;
}

/** Whether all processes count together, or one counts alone because the database does not answer. */
interface Company {
  isAlone: boolean;
  processes: number;
}

interface Count {
  startsAt: number;
  endsAt: number;
  most: number;
  name: string;
  counter: string;
  caller: string;
  /** Calls of all processes, as the database last said. */
  known: number;
  /** Calls of this process that the database does not have. */
  own: number;
}

/** Callers and counters in the memory of one process; some 20 MB. The least recently used are forgotten first. */
const mostKept = 50_000;

/** What is on its way to the database. */
export interface Batch {
  number: number;
  rows: Counted[];
}

/**
 * The counts in the memory of one process. A window is a minute, an hour or a day (UTC) by the clock of the database. Nothing here
 * waits: what the database says arrives with {@link Counts.shared}.
 * @param now milliseconds since 1970 by the clock of the database
 * @param kept how many counts it keeps
 */
export function createCounts(now: () => number, kept = mostKept) {
  const { counts, unsent, note, add, giveBack } = countsInMemory(kept);
  let number = 0;
  const find = (asked: Asked): Count => {
    const key = keyOf(asked);
    const startsAt = startOf(now(), asked.seconds);
    const found = counts.get(key) ?? unsent.get(key);
    // Also if the clock went back a little: the window before was counted to its end.
    if (found && found.startsAt >= startsAt && found.startsAt <= startsAt + asked.seconds) return found;
    return emptyCount(asked, startsAt);
  };
  return {
    /**
     * Counts a call for all of `asked`, or for none if one of them has no room.
     * @returns the full one whose window ends last; or what takes the call back
     */
    take(asked: readonly Asked[], company: Company): Full | (() => void) {
      const found = asked.map((each) => ({ asked: each, count: find(each) }));
      const isFull = ({ asked: { most }, count }: (typeof found)[0]) => !hasRoom(count, most, company);
      const full = found.filter(isFull).sort((a, b) => b.count.endsAt - a.count.endsAt)[0];
      if (full) return { asked: full.asked, endsAt: full.count.endsAt * 1000 };
      for (const { asked: each, count } of found) {
        Object.assign(count, { most: each.most, name: each.name });
        add(count);
      }
      return () => {
        for (const { count } of found) giveBack(count);
      };
    },
    /** The calls that the database does not have: at most `most` counters of callers, the oldest first. */
    batch(most: number): Batch {
      const seconds = Math.floor(now() / 1000);
      // What has ended concerns no call to come.
      for (const [key, { endsAt }] of unsent) if (endsAt <= seconds) unsent.delete(key);
      const rows = unsent
        .values()
        .take(most)
        .map(({ known: _, own, ...count }) => ({ ...count, calls: own }))
        .toArray();
      return { number: ++number, rows };
    },
    /** Takes in that the database has a batch. @param totals what it said; undefined if its answer was lost */
    shared({ rows }: Batch, totals?: Shared['totals']): void {
      for (const row of rows) {
        const key = keyOf(row);
        const count = counts.get(key) ?? unsent.get(key);
        if (count?.startsAt !== row.startsAt) continue;
        count.own -= row.calls;
        count.known = totals?.get(key) ?? count.known + row.calls;
        note(key, count);
      }
    },
    /** Takes in what the database had counted before this process began. */
    recall(rows: readonly Counted[]): void {
      for (const { calls, ...row } of rows.toReversed())
        if (!counts.has(keyOf(row))) counts.set(keyOf(row), { ...row, known: calls, own: 0 });
    },
    /** How many counts are in memory. */
    size: () => counts.size,
    unsent: () => unsent.size,
  };
}

function countsInMemory(kept: number) {
  const counts = boundedCache<string, Count>(kept);
  /** Those that the database does not have in full. It keeps them also if the others are forgotten. */
  const unsent = new Map<string, Count>();
  const note = (key: string, count: Count) => {
    if (count.own === 0) unsent.delete(key);
    else if (unsent.get(key) !== count && (unsent.has(key) || unsent.size < kept)) unsent.set(key, count);
  };
  return {
    counts,
    unsent,
    /** Remembers that the calls of this process have changed. */
    note,
    /** Counts a call. */
    add(count: Count): void {
      const key = keyOf(count);
      count.own++;
      // A count that was found there was used just now.
      if (counts.peek(key) !== count) counts.set(key, count);
      note(key, count);
    },
    /** Takes a call back from the window that counted it. The one that is open meanwhile keeps its calls. */
    giveBack(count: Count): void {
      const key = keyOf(count);
      const current = counts.peek(key) ?? unsent.get(key) ?? count;
      if (current.startsAt !== count.startsAt) return;
      current.own--;
      note(key, current);
    },
  };
}

function emptyCount({ counter, caller, name, most, seconds }: Asked, startsAt: number): Count {
  return { counter, caller, name, most, startsAt, endsAt: startsAt + seconds, known: 0, own: 0 };
}

export type Counts = ReturnType<typeof createCounts>;

/** When the window began that `milliseconds` falls into, in seconds since 1970. */
export function startOf(milliseconds: number, seconds: number): number {
  return Math.floor(milliseconds / 1000 / seconds) * seconds;
}

/** A process that counts alone may admit its share of what was left. With one call left, each may admit one. */
function hasRoom({ known, own }: Count, most: number, { isAlone, processes }: Company): boolean {
  const left = most - known;
  if (!isAlone || left <= 0) return own < left;
  return own < Math.max(1, Math.floor(left / processes));
}
