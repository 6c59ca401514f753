import type { Figures } from '../figures.ts';
import type { BenchStack } from '../stack.ts';
import { cpuOf, median, type Shot, shoot, withChildren } from '../wrk.ts';
import { headersOf, openSession, others, withHub } from './members.ts';

const processes = ['nginx', 'auth-server', 'relay', 'registry', 'hub'];

interface Measured {
  perSecond: number[];
  /** CPU of each process for one request, in microseconds. */
  cpu: Map<string, number[]>;
}

/** Measures a call and lists through the hub beside the same at the server, as ratios, and what each process takes. */
export async function measureHub(rounds: number, seconds: number, connections = [1, 32]): Promise<Figures> {
  return await withHub(async (stack) => {
    const headers = headersOf(stack, await stack.token('full'));
    const shot = async (path: string, method: string, params: object): Promise<Shot> => {
      const session = await openSession(stack, path, headers);
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
      return {
        url: `http://127.0.0.1:${stack.ports.gateway}${path}`,
        headers: { ...headers, ...session },
        body,
        pids: [],
      };
    };
    const of = (name: string) => ({ name, arguments: { id: 'x' } });
    const shots = {
      'tools/call': [
        await shot('/bench/mcp', 'tools/call', of('tool-1')),
        await shot('/mcp', 'tools/call', of('bench__tool-1')),
      ],
      'tools/list of one server': [
        await shot('/bench/mcp', 'tools/list', {}),
        await shot('/alone/mcp', 'tools/list', {}),
      ],
      [`tools/list of ${others.length + 1} servers, beside that of one`]: [
        await shot('/bench/mcp', 'tools/list', {}),
        await shot('/mcp', 'tools/list', {}),
      ],
    } satisfies Record<string, [Shot, Shot]>;
    const figures: Figures = {};
    for (const [what, [direct, hub]] of Object.entries(shots) as [string, [Shot, Shot]][])
      for (const each of connections)
        Object.assign(figures, await compare(stack, what, { direct, hub }, each, rounds, seconds));
    return figures;
  });
}

async function compare(
  stack: BenchStack,
  what: string,
  shots: { direct: Shot; hub: Shot },
  connections: number,
  rounds: number,
  seconds: number,
): Promise<Figures> {
  const [direct, hub]: [Measured, Measured] = [
    { perSecond: [], cpu: new Map() },
    { perSecond: [], cpu: new Map() },
  ];
  // In turns, so that other load affects both alike. The first round warms up.
  for (let round = 0; round <= rounds; round++)
    for (const [shot, into] of [
      [shots.direct, direct],
      [shots.hub, hub],
    ] as const)
      await measure(stack, shot, connections, seconds, round === 0 ? undefined : into);
  const ratios = hub.perSecond.map((rate, i) => (direct.perSecond[i] ?? Number.NaN) / rate);
  const sum = ({ cpu }: Measured) => [...cpu.values()].reduce((all, each) => all + median(each), 0);
  const times = (ratio: number) => `${ratio.toFixed(1)} times`;
  const each = processes.map((name) => {
    const [before, after] = [direct, hub].map(({ cpu }) => median(cpu.get(name) ?? []).toFixed(0));
    return `${name} ${before} to ${after}`;
  });
  const time = `${times(median(ratios))} (${Math.min(...ratios).toFixed(1)} to ${Math.max(...ratios).toFixed(1)})`;
  const cpu = `${times(sum(hub) / sum(direct))} the CPU; µs each: ${each.join(', ')}`;
  return { [`${what} through the hub, ${connections} at a time`]: `${time} the time of the direct way, ${cpu}` };
}

async function measure(stack: BenchStack, shot: Shot, connections: number, seconds: number, into?: Measured) {
  const pids = processes.map((name) => [name, withChildren(stack.supervisor.pid(name) ?? 0)] as const);
  const before = new Map(pids.map(([name, all]) => [name, cpuOf(all)]));
  const run = await shoot(shot, connections, seconds);
  into?.perSecond.push(run.perSecond);
  for (const [name, all] of pids) {
    const used = ((cpuOf(all) - (before.get(name) ?? 0)) * 1e6) / run.count;
    into?.cpu.set(name, [...(into.cpu.get(name) ?? []), used]);
  }
}
