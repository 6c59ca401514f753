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

/** A round of a way, and those just before it, beside which it is put. */
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
  /** As multiples of the base, and of the floor where it was measured. */
  byBase: Record<'cpu' | 'p50' | 'p99', Spread>;
  byFloor?: Record<'cpu' | 'p50' | 'p99', Spread>;
}

/** A way, and the simpler ones beside which it is put. */
export interface Compared {
  way: Way;
  base: Way;
  floor?: Way;
}

/**
 * Measures a way in turns with simpler ones, a second each, so that other load affects all alike. Only these take turns: code
 * that others have pushed out of the processor's caches costs half as much again.
 * @param rounds how many turns are taken, after others that warm up
 * @returns the costs of the way, of the base and of the floor
 */
export async function measureCalls(
  { way, base, floor }: Compared,
  connections: number,
  { rounds, warmUps = 1 }: { rounds: number; warmUps?: number },
): Promise<{ way: Cost; base: Cost; floor: Cost | undefined }> {
  const turns: Turn[] = [];
  for (let turn = 0; turn < warmUps + rounds; turn++) {
    const simple = {
      base: await measureOnce(base, connections),
      floor: floor && (await measureOnce(floor, connections)),
    };
    const one = { ...simple, round: await measureOnce(way, connections) };
    if (turn >= warmUps) turns.push(one);
  }
  const ofFloor = turns.flatMap((turn) => (turn.floor ? [{ ...turn, floor: undefined, round: turn.floor }] : []));
  return {
    way: costOf(way, connections, turns),
    base: costOf(
      base,
      connections,
      turns.map((turn) => ({ ...turn, floor: undefined, round: turn.base })),
    ),
    floor: floor && costOf(floor, connections, ofFloor),
  };
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
    ...(turns.every(({ floor }) => floor) && { byFloor: ratios('floor') }),
  };
}
