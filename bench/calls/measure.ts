import { type Spread, spreadOf } from '../spread.ts';
import { cpuOf, shoot } from '../wrk.ts';
import type { Part, Way } from './ways.ts';

/** One call in one round: CPU of each part in microseconds, times in milliseconds. */
interface Round {
  cpu: Partial<Record<Part, number>>;
  all: number;
  p50: number;
  p99: number;
}

/** A round of a way, and those of the same turn beside which it is put. */
interface Turn {
  round: Round;
  base: Round;
  floor: Round | undefined;
}

/** What calls of one way cost, with as many at a time. Ratios are taken round by round. */
export interface Cost extends Pick<Way, 'route' | 'credential' | 'size'> {
  connections: number;
  /** CPU in microseconds for one call. */
  cpu: Partial<Record<Part, Spread>>;
  all: Spread;
  /** Milliseconds. */
  p50: Spread;
  p99: Spread;
  /** As multiples of the group's base, and of the floor where it was measured. */
  byBase: Record<'cpu' | 'p50' | 'p99', Spread>;
  byFloor?: Record<'cpu' | 'p50' | 'p99', Spread>;
}

/**
 * Measures groups of ways in turns of a second, so that other load affects all alike.
 * @param groups of ways, each with its base first, against which the others are taken
 * @param turns how many are taken, after others that warm up
 */
export async function measureCalls(
  groups: readonly (readonly Way[])[],
  connections: number,
  { rounds, warmUps = 1 }: { rounds: number; warmUps?: number },
): Promise<Cost[]> {
  const measured = new Map<Way, Turn[]>();
  for (let turn = 0; turn < warmUps + rounds; turn++) {
    let floor: Round | undefined;
    for (const group of groups) {
      let base: Round | undefined;
      for (const way of group) {
        const round = await measureOnce(way, connections);
        base ??= round;
        if (way.route === 'floor') floor = round;
        if (turn >= warmUps) measured.set(way, [...(measured.get(way) ?? []), { round, base, floor }]);
      }
    }
  }
  return [...measured].map(([way, runs]) => costOf(way, connections, runs));
}

async function measureOnce({ shot, pids }: Way, connections: number): Promise<Round> {
  const parts = Object.entries(pids) as [Part, () => readonly number[]][];
  const before = parts.map(([, ids]) => cpuOf(ids()));
  const { count, p50, p99 } = await shoot(shot, connections, 1);
  const used = parts.map(([part, ids], i) => [part, ((cpuOf(ids()) - (before[i] ?? 0)) * 1e6) / count] as const);
  return { cpu: Object.fromEntries(used), all: used.reduce((sum, [, each]) => sum + each, 0), p50, p99 };
}

function costOf({ route, credential, size, pids }: Way, connections: number, turns: readonly Turn[]): Cost {
  const of = (what: (turn: Turn) => number) => spreadOf(turns.map(what));
  const ratios = (to: 'base' | 'floor') => {
    const by = (what: 'all' | 'p50' | 'p99') => of((turn) => turn.round[what] / (turn[to]?.[what] ?? Number.NaN));
    return { cpu: by('all'), p50: by('p50'), p99: by('p99') };
  };
  const parts = Object.keys(pids) as Part[];
  return {
    ...{ route, credential, size, connections },
    cpu: Object.fromEntries(parts.map((part) => [part, of(({ round }) => round.cpu[part] ?? 0)])),
    all: of(({ round }) => round.all),
    p50: of(({ round }) => round.p50),
    p99: of(({ round }) => round.p99),
    byBase: ratios('base'),
    ...(route !== 'plain' && route !== 'floor' && turns.every(({ floor }) => floor) && { byFloor: ratios('floor') }),
  };
}
