import {
  type CannotTell,
  mostReplayRows,
  type ReplayAnswer,
  type ReplayRow,
  type ReplaySide,
} from '../../../common/doors/replay.ts';
import { recordId } from '../record.ts';
import { isAgentGroup } from './callers.ts';
import type { Outcome } from './compare.ts';
import type { ReadGroups, RequestGroup } from './groups.ts';

type SideName = 'allowed' | 'refused' | 'held' | 'depends';

/** A row whose person's name is not looked up yet. */
type Unnamed = Omit<ReplayRow, 'name' | 'last'> & { last: number };

/** Adds up outcomes. */
export function createTally() {
  const sides = { allowed: createSide(), refused: createSide(), held: createSide(), depends: createSide() };
  const unknown = new Map<CannotTell, number>();
  let [same, judged] = [0, 0];
  const cannotTell = (why: CannotTell, count: number) => {
    if (count > 0) unknown.set(why, (unknown.get(why) ?? 0) + count);
  };
  return {
    cannotTell,
    add(request: RequestGroup, outcome: Outcome): void {
      const { count } = request;
      if (outcome.kind === 'cannot_tell') {
        cannotTell(outcome.why, count);
        return;
      }
      if (outcome.kind !== 'same' || outcome.isJudged) judged += count;
      if (outcome.kind === 'same') same += count;
      else sides[outcome.kind].add(request, outcome);
    },
    /** The people of the rows that are shown. */
    people: () => [...new Set(Object.values(sides).flatMap((side) => side.top().map(({ subject }) => subject)))],
    answer(
      { count, left, from }: ReadGroups,
      { now, milliseconds, names }: { now: number; milliseconds: number; names: ReadonlyMap<string, string> },
    ): ReplayAnswer {
      const shown = (name: SideName): ReplaySide => ({
        ...sides[name].sums(),
        rows: sides[name].top().map(({ last, ...row }) => ({
          ...row,
          name: names.get(row.subject) ?? row.subject,
          last: new Date(last).toISOString(),
        })),
      });
      return {
        from: from === undefined ? null : new Date(from).toISOString(),
        to: new Date(now).toISOString(),
        records: count + left,
        judged,
        allowed: shown('allowed'),
        refused: shown('refused'),
        held: shown('held'),
        depends: shown('depends'),
        cannotTell: [...unknown]
          .map(([reason, number]) => ({ reason, count: number }))
          .sort((a, b) => b.count - a.count),
        same,
        milliseconds,
      };
    },
  };
}

function createSide() {
  const rows = new Map<string, Unnamed>();
  const people = new Set<string>();
  let calls = 0;
  return {
    add(request: RequestGroup, { was, now }: { was: string; now: string }): void {
      const { person, server, method, object, count, last } = request;
      const [subject, isAgent] = [person ?? '', isAgentGroup(request)];
      calls += count;
      people.add(subject);
      const what = { subject, isAgent, server: server ?? '', method: method ?? '', object: object ?? '', was, now };
      const key = JSON.stringify(Object.values(what));
      const known = rows.get(key);
      if (!known) {
        rows.set(key, { ...what, count, last: last.at, record: recordId(last) });
        return;
      }
      known.count += count;
      if (known.last < last.at) Object.assign(known, { last: last.at, record: recordId(last) });
    },
    sums: () => ({ calls, people: people.size }),
    top: () => [...rows.values()].sort((a, b) => b.count - a.count || b.last - a.last).slice(0, mostReplayRows),
  };
}
