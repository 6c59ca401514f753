import { writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, headersOf } from '../../call.ts';
import { callerOf, question } from '../../callers.ts';
import { measureDecisions, policyOf } from '../../decide.ts';
import { type StartedAuthServer, startAuthServer } from '../../gates.ts';
import type { BenchStack } from '../../stack.ts';
import { memoryOf, type Shot } from '../../wrk.ts';
import { wholeCpuOf } from '../cpu.ts';
import type { Part, Scene } from '../part.ts';
import { policyWith, roundsOf, startGateway } from '../support/gateway.ts';

const rounds = 5;
const starts = 3;
const reloads = 3;

export const rules: Part = {
  name: 'rules of the policy',
  key: 'rules',
  sizes: [10, 1_000, 10_000],
  quick: [10, 300, 1_000],
  seconds: 150,
  measure,
};

async function measure(scene: Scene): Promise<void> {
  measureFunction(scene);
  const stack = await startGateway(scene, {});
  const agent = await callerOf(stack, 'agent', 'all', 'bench');
  for (const size of scene.sizes) {
    scene.tell(`${size}`);
    const file = join(stack.dataDir, `scopes-${size}.yml`);
    writeFileSync(file, textOf(size, 0));
    const one = await start(scene, stack, file, size);
    const shot: Shot = {
      url: `http://127.0.0.1:${one.port}/validate`,
      headers: { ...headersOf(stack, agent), ...question },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"tool-1","arguments":{}}}',
    };
    const runs = await roundsOf(shot, () => [one.pid], rounds);
    scene.put({ what: 'a question of nginx (auth-server)', unit: 'µs of CPU', of: 'each' }, size, ...runs);
    await reload(scene, one, shot, file, size);
    scene.put({ what: 'memory of the auth-server', unit: 'MB', of: 'all' }, size, memoryOf(one.pid));
    one.child.kill('SIGTERM');
  }
}

/** The decision by itself, in turns, so that other load affects all sizes alike. */
function measureFunction(scene: Scene): void {
  const policies = scene.sizes.map(policyOf);
  const times = policies.map((): number[] => []);
  for (let round = 0; round <= rounds; round++)
    policies.forEach((one, i) => {
      const nanoseconds = measureDecisions(one);
      if (round > 0) times[i]?.push(nanoseconds / 1000);
    });
  for (const [i, size] of scene.sizes.entries())
    scene.put({ what: 'a decision alone', unit: 'µs', of: 'each' }, size, ...(times[i] ?? []));
}

/** All rules are of the scope that the caller has. @param round makes one version differ from another */
function textOf(count: number, round: number): string {
  const rule = (i: number) =>
    `{server: server-${i}, methods: [tools/call], tools: [a-${i}-${round}, b-${i}, "c-${i}-*"]}`;
  return policyWith(Array.from({ length: count - 1 }, (_, i) => rule(i)));
}

/** Starts an auth-server some times. @returns the last one */
async function start(scene: Scene, stack: BenchStack, file: string, size: number): Promise<StartedAuthServer> {
  const [seconds, cpu]: [number[], number[]] = [[], []];
  for (let i = 0; ; i++) {
    const began = performance.now();
    const one = await startAuthServer(stack, { SCOPES_FILE: file });
    scene.ends(() => one.child.kill('SIGTERM'));
    seconds.push((performance.now() - began) / 1000);
    cpu.push(wholeCpuOf(one.pid) / 1000);
    if (i < starts) {
      one.child.kill('SIGTERM');
      continue;
    }
    // The first start fills the compile cache.
    scene.put({ what: 'start of an auth-server', unit: 's', of: 'all' }, size, ...seconds.slice(1));
    scene.put({ what: 'start of an auth-server', unit: 'ms of CPU', of: 'all' }, size, ...cpu.slice(1));
    return one;
  }
}

/** Changes the file, and asks until another version is in force. What a thread that has ended has taken counts too. */
async function reload(scene: Scene, one: StartedAuthServer, shot: Shot, file: string, size: number): Promise<void> {
  const [seconds, cpu, waits]: [number[], number[], number[]] = [[], [], []];
  const agent = new Agent({ keepAlive: true });
  for (let round = 1; round <= reloads; round++) {
    const before = await versionOf(one);
    const [began, used] = [performance.now(), wholeCpuOf(one.pid)];
    let longest = 0;
    writeFileSync(file, textOf(size, round));
    for (let i = 1; i % 10 !== 0 || (await versionOf(one)) === before; i++) {
      const asked = performance.now();
      if ((await ask(shot, agent)).status !== 200) throw new Error('a call was refused during a reload');
      longest = Math.max(longest, performance.now() - asked);
      await sleep(20);
    }
    seconds.push((performance.now() - began) / 1000);
    cpu.push((wholeCpuOf(one.pid) - used) / 1000);
    waits.push(longest);
  }
  agent.destroy();
  scene.put({ what: 'reload until it is in force', unit: 's', of: 'all' }, size, ...seconds);
  scene.put({ what: 'reload', unit: 'ms of CPU', of: 'all' }, size, ...cpu);
  scene.put({ what: 'longest answer during a reload', unit: 'ms', of: 'all' }, size, ...waits);
}

async function versionOf({ metrics }: StartedAuthServer): Promise<string | undefined> {
  const answer = await fetch(`http://127.0.0.1:${metrics}/metrics`);
  return /^mcp_gateway_policy_info\{[^}]*version="(\w+)"/m.exec(await answer.text())?.[1];
}
