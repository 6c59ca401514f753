import { setTimeout as sleep } from 'node:timers/promises';
import { type Caller, callerOf } from '../../callers.ts';
import type { BenchStack } from '../../stack.ts';
import { memoryOf } from '../../wrk.ts';
import { watchCpu } from '../cpu.ts';
import { raiseOpenFiles } from '../limits.ts';
import type { Part, Scene } from '../part.ts';
import { startChild } from '../support/child.ts';
import { pidsOf, roundsOf, shotOf, startGateway } from '../support/gateway.ts';

/** What the relay opens beside its streams: files, connections of calls, those to the auth-server. */
const otherFiles = 600;
const rounds = 5;
const watchSeconds = 5;

/**
 * Streams of callers whose lists are cut: each takes two connections in nginx and two in the relay. What is more than the relay may
 * open are streams of callers who may see everything, which it does not hold.
 */
export const streams: Part = {
  name: 'open streams',
  key: 'streams',
  sizes: [1_000, 3_000, 10_000],
  quick: [300, 1_000, 2_000],
  seconds: 240,
  measure,
};

async function measure(scene: Scene): Promise<void> {
  const largest = scene.sizes.at(-1) ?? 0;
  const files = raiseOpenFiles(2 * largest + 2 * otherFiles);
  const most = Math.floor((files - otherFiles) / 2);
  // All streams come from one address here.
  const stack = await startGateway(scene, { change: { CONNECTIONS_PER_ADDRESS: '0' } });
  const direct = await callerOf(stack, 'agent', 'all', 'bench');
  const cut = await callerOf(stack, 'agent', 'few', 'bench');
  const open = { relayed: holderOf(scene, stack, cut), direct: holderOf(scene, stack, direct) };
  const services = () => pidsOf(stack, 'nginx', 'auth-server', 'relay');
  const memory = (name: string) => pidsOf(stack, name).reduce((sum, pid) => sum + memoryOf(pid), 0);
  const calls = async () => ({
    direct: await roundsOf(shotOf(stack, direct), services, rounds),
    relayed: await roundsOf(shotOf(stack, cut), services, rounds),
  });
  await calls();
  const held = { nginx: memory('nginx'), relay: memory('relay') };
  let before = { all: 0, relayed: 0 };
  for (const size of scene.sizes) {
    const now = { all: size, relayed: Math.min(size, most) };
    if (now.relayed < size) scene.note(limitReached(files, size, now.relayed));
    scene.tell(`${size}`);
    const used = watchCpu(services);
    await open.relayed(now.relayed - before.relayed);
    await open.direct(now.all - now.relayed - (before.all - before.relayed));
    const opening = used() / (now.all - before.all);
    scene.put({ what: 'opening one (nginx, auth-server, relay)', unit: 'µs of CPU', of: 'each' }, size, opening);
    await sleep(2_000);
    for (const name of ['nginx', 'relay'] as const) {
      const more = name === 'relay' ? now.relayed - before.relayed : now.all - before.all;
      const each = ((memory(name) - held[name]) * 1024) / more;
      held[name] = memory(name);
      scene.put({ what: `memory of ${name} for one more`, unit: 'kB', of: 'each' }, size, each);
    }
    before = now;
    const idle = watchCpu(services);
    await sleep(watchSeconds * 1000);
    const share = idle() / watchSeconds / 10_000;
    scene.put({ what: 'CPU while nothing happens', unit: '% of a core', of: 'all' }, size, share);
    const costs = await calls();
    scene.put({ what: 'a call beside them', unit: 'µs of CPU', of: 'each' }, size, ...costs.direct);
    scene.put({ what: 'a call through the relay', unit: 'µs of CPU', of: 'each' }, size, ...costs.relayed);
  }
}

/** Opens streams of a caller, and keeps them until the part ends. */
function holderOf(scene: Scene, stack: BenchStack, { Authorization }: Caller): (count: number) => Promise<void> {
  const holder = startChild(scene, 'hold-streams.ts', [String(stack.ports.gateway)], { AUTHORIZATION: Authorization });
  return async (count) => {
    if (count === 0) return;
    holder.say(String(count));
    await holder.line();
  };
}

function limitReached(files: number, size: number, relayed: number): string {
  const [all, few, others] = [size, relayed, size - relayed].map((count) => count.toLocaleString('en'));
  return `${files} open files are the limit and this user may not raise it (ulimit -n): of ${all} streams, the relay holds ${few}, and ${others} go to their server directly.`;
}
