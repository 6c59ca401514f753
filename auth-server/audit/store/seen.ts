import type { Kysely } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';
import { boundedCache } from '../../../common/service/bounded-cache.ts';
import type { RecordColumns } from './columns.ts';
import { minuteOf } from './days.ts';
import { insertRows } from './insert.ts';
import { pairMilliseconds, pairsOf, valuesIn } from './pairs.ts';
import type { DaySchema, NameKind } from './schema.ts';

type Seen = DaySchema['decision_seen'];

const kinds: readonly NameKind[] = ['reason', 'person', 'client', 'server', 'object', 'method'];
/** Values of some minutes that were noted already. One that was dropped is noted again. */
const mostKnown = 50_000;

const into = {
  table: 'decision_seen',
  columns: ['kind', 'value', 'at'] as const,
  suffix: 'on conflict do nothing',
};

/** The values of rows by minute and their pairs by ten minutes, each about once. */
function* valuesOf(rows: readonly RecordColumns[]): Generator<Seen> {
  const done = new Set<string>();
  let at = Number.NaN;
  for (const row of rows) {
    const minute = minuteOf(row.at);
    if (minute !== at) done.clear();
    at = minute;
    const { reason, person, client, server, object, method } = row;
    const all = JSON.stringify([reason, person, client, server, object, method]);
    if (done.has(all)) continue;
    done.add(all);
    const values = valuesIn(row);
    for (const kind of kinds) {
      const value = values[kind];
      if (value === undefined) continue;
      yield { kind, value, at };
      if (reason !== null && kind !== 'reason') yield { kind: `refused ${kind}`, value, at };
    }
    const slot = Math.floor(at / pairMilliseconds) * pairMilliseconds;
    for (const pair of pairsOf(values)) yield { ...pair, at: slot };
  }
}

/** Notes when records have a value, and pairs of values: once for each minute or ten, however many records there are. */
export function createSeen(kind: DatabaseKind) {
  const known = boundedCache<string, true>(mostKnown);
  const isNew = ({ kind: each, value, at }: Seen) => {
    const key = `${at} ${each} ${value}`;
    if (known.has(key)) return false;
    known.set(key, true);
    return true;
  };
  return {
    async note(on: Kysely<DaySchema>, written: readonly RecordColumns[]): Promise<void> {
      const rows = [...valuesOf(written).filter(isNew)];
      // In one order: two processes that wait for each other's rows would never end.
      rows.sort((a, b) => a.at - b.at || compareTexts(`${a.kind} ${a.value}`, `${b.kind} ${b.value}`));
      await insertRows(kind, on, into, rows);
    },
    /** What was noted may not have been written. */
    forget: () => known.clear(),
  };
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
