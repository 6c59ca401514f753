import { setTimeout as sleep } from 'node:timers/promises';
import { headersOf, openSession } from '../../call.ts';
import { callerOf } from '../../callers.ts';
import { shortTool, toolsEach } from '../../calls/server.ts';
import type { BenchStack } from '../../stack.ts';
import { memoryOf, type Shot } from '../../wrk.ts';
import { cpuOfEnded, watchCpu, wholeCpuOf } from '../cpu.ts';
import type { Part, Scene } from '../part.ts';
import { pidsOf, roundsOf, shotOf, startGateway } from '../support/gateway.ts';

const rounds = 5;
const changes = 4;
/** How often each server is checked here. The default is half a minute. */
const checkSeconds = 10;
const checks = {
  what: `checks of all, each every ${checkSeconds} s (registry)`,
  unit: '% of a core',
  of: 'all',
} as const;

export const servers: Part = {
  name: 'servers',
  key: 'servers',
  sizes: [5, 50, 500],
  quick: [5, 20, 80],
  seconds: 300,
  measure,
};

async function measure(scene: Scene): Promise<void> {
  for (const size of scene.sizes) {
    scene.tell(`${size}`);
    const own: (() => unknown)[] = [];
    const ends = { ends: (end: () => unknown) => void own.unshift(end) };
    scene.ends(() => endAll(own));
    const more = Array.from({ length: size - 1 }, (_, i) => `other-${i}`);
    const stack = await startGateway(ends, { more, change: { HEALTH_INTERVAL_SECONDS: String(checkSeconds) } });
    await measureOne(scene, stack, size);
    await endAll(own);
  }
}

async function endAll(ends: (() => unknown)[]): Promise<void> {
  for (const end of ends.splice(0)) await end();
}

async function measureOne(scene: Scene, stack: BenchStack, size: number): Promise<void> {
  const agent = await callerOf(stack, 'agent', 'all', 'bench');
  const headers = headersOf(stack, agent);
  const list = await untilOffered(stack, headers, size * toolsEach);
  const call = await roundsOf(shotOf(stack, agent), () => pidsOf(stack, 'nginx', 'auth-server'), rounds);
  scene.put({ what: 'a call (nginx, auth-server)', unit: 'µs of CPU', of: 'each' }, size, ...call);
  const lists = await roundsOf(list, () => pidsOf(stack, 'nginx', 'auth-server', 'hub', 'registry'), rounds, 4);
  const milliseconds = lists.map((cpu) => cpu / 1000);
  scene.put({ what: 'list of all tools by the hub', unit: 'ms of CPU', of: 'all' }, size, ...milliseconds);
  const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"bench__${shortTool}","arguments":{}}}`;
  const all = ['nginx', 'auth-server', 'hub', 'relay', 'registry'];
  const byHub = await roundsOf({ ...list, body }, () => pidsOf(stack, ...all), rounds);
  scene.put({ what: 'a call through the hub (all services)', unit: 'µs of CPU', of: 'each' }, size, ...byHub);
  await watchChecks(scene, stack, size);
  await changeRoutes(scene, stack, size, headers);
  await sleep(1_000);
  const memory = pidsOf(stack, 'nginx').reduce((sum, pid) => sum + memoryOf(pid), 0);
  scene.put({ what: 'memory of nginx', unit: 'MB', of: 'all' }, size, memory);
  scene.put(
    { what: 'memory of the registry', unit: 'MB', of: 'all' },
    size,
    memoryOf(stack.supervisor.pid('registry') ?? 0),
  );
}

/** The hub offers a server when the registry has read its tools. */
async function untilOffered(stack: BenchStack, headers: Record<string, string>, due: number): Promise<Shot> {
  const session = await openSession(stack, '/mcp', headers);
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
  const all = { ...headers, ...session };
  for (;;) {
    const answer = await fetch(`${stack.url}/mcp`, { method: 'POST', headers: all, body });
    if (((await answer.text()).match(/__tool-/g)?.length ?? 0) >= due) break;
    await sleep(500);
  }
  return { url: `http://127.0.0.1:${stack.ports.gateway}/mcp`, headers: all, body };
}

/** The registry's CPU while it checks each server twice. */
async function watchChecks(scene: Scene, stack: BenchStack, size: number): Promise<void> {
  const runs: number[] = [];
  for (let round = 0; round < 2; round++) {
    const used = watchCpu(() => pidsOf(stack, 'registry'));
    await sleep(checkSeconds * 1000);
    runs.push(used() / checkSeconds / 10_000);
  }
  scene.put(checks, size, ...runs);
}

/** Takes the route of one server away and gives it back. The registry answers when nginx has the new routes. */
async function changeRoutes(
  scene: Scene,
  stack: BenchStack,
  size: number,
  headers: Record<string, string>,
): Promise<void> {
  const [seconds, cpu]: [number[], number[]] = [[], []];
  const master = stack.supervisor.pid('nginx') ?? 0;
  for (let i = 0; i < changes; i++) {
    const before = reloadCpuOf(stack) + wholeCpuOf(master);
    const began = performance.now();
    const path = `/api/servers/other-0/${i % 2 === 0 ? 'disable' : 'enable'}`;
    const answer = await fetch(`${stack.url}${path}`, { method: 'POST', headers, body: '{}' });
    const text = await answer.text();
    if (!text.includes('"route":"ok"'))
      throw new Error(`a route was not changed: ${answer.status} ${text.slice(0, 300)}`);
    seconds.push((performance.now() - began) / 1000);
    // nginx's master starts its new processes after the answer.
    await sleep(1_000);
    cpu.push((reloadCpuOf(stack) + wholeCpuOf(master) - before) / 1000);
  }
  scene.put({ what: 'change of a route until nginx has it', unit: 's', of: 'all' }, size, ...seconds);
  scene.put({ what: 'change of a route (nginx/reload, nginx)', unit: 'ms of CPU', of: 'all' }, size, ...cpu);
}

/** What the programs have taken that nginx/reload has started: `nginx -t` and those that build the configuration. */
function reloadCpuOf({ supervisor }: BenchStack): number {
  return cpuOfEnded(supervisor.pid('nginx-reload') ?? 0);
}
