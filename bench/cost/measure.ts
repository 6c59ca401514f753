import { behind, startCalled } from '../call.ts';
import { type Caller, policy, sessionOf, tokenMaker } from '../callers.ts';
import { type Started, startAuthServer, startGate, startSubject } from '../gates.ts';
import { type BenchStack, startBenchStack } from '../stack.ts';
import { cpuOf, type Run, shoot, withChildren } from '../wrk.ts';

/** What one call costs by one way, in one round: CPU in microseconds, times in milliseconds. */
export interface Cost extends Pick<Run, 'p50' | 'p99'> {
  nginx: number;
  gate: number;
}

/** The costs of each round, by way. */
export type Costs = Map<Way, Cost[]>;

/** `nginx alone`: without a gate. `floor`: the same nginx with a bare Node sidecar that parses the body and says yes. */
export const ways = ['nginx alone', 'floor', 'agent', 'session'] as const;
export type Way = (typeof ways)[number];

/**
 * Measures one `tools/call` of 300 bytes through nginx, way by way in turns, so that other load affects all alike. A round before
 * the first warms up.
 * @param connections how many requests are open at a time
 */
export async function measureCost(
  asked: readonly Way[],
  { rounds, seconds, connections }: { rounds: number; seconds: number; connections: readonly number[] },
): Promise<Map<number, Costs>> {
  const upstream = await startCalled();
  const started: Started[] = [];
  const end = () => {
    for (const { child } of started) child.kill('SIGTERM');
  };
  process.once('exit', end);
  let stack: BenchStack | undefined;
  try {
    stack = await startBenchStack(upstream.origin, policy);
    const run = async (starting: Promise<Started>) => {
      const one = await starting;
      started.push(one);
      return one;
    };
    const bare = await run(startSubject('bare.ts'));
    const ours = await run(startAuthServer(stack));
    const gates = {
      open: await run(startGate(stack, undefined)),
      floor: await run(startGate(stack, bare)),
      ours: await run(startGate(stack, ours)),
    };
    const token: Caller = { Authorization: `Bearer ${await (await tokenMaker(stack))({})}` };
    const session: Caller = { Cookie: await sessionOf(stack) };
    const subjects: Record<Way, [gate: Started, service: Started | undefined, who: Caller]> = {
      'nginx alone': [gates.open, undefined, token],
      floor: [gates.floor, bare, token],
      agent: [gates.ours, ours, token],
      session: [gates.ours, ours, session],
    };
    const costs = new Map(connections.map((count): [number, Costs] => [count, new Map(asked.map((way) => [way, []]))]));
    for (let round = 0; round <= rounds; round++) {
      for (const [count, byWay] of costs) {
        for (const [way, runs] of byWay) {
          const cost = await costOf(subjects[way], count, seconds);
          if (round > 0) runs.push(cost);
        }
      }
    }
    return costs;
  } finally {
    end();
    process.off('exit', end);
    await stack?.stop();
    upstream.close();
  }
}

async function costOf(
  [gate, service, who]: [Started, Started | undefined, Caller],
  connections: number,
  seconds: number,
): Promise<Cost> {
  const nginx = withChildren(gate.pid);
  const own = service ? [service.pid] : [];
  const before = { nginx: cpuOf(nginx), gate: cpuOf(own) };
  const { count, p50, p99 } = await shoot(behind(gate, who, 130), connections, seconds);
  const each = (now: number, then: number) => ((now - then) * 1e6) / count;
  return { nginx: each(cpuOf(nginx), before.nginx), gate: each(cpuOf(own), before.gate), p50, p99 };
}
