import { setTimeout as sleep } from 'node:timers/promises';
import { callerOf } from '../../callers.ts';
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
/** What opening them has left to do takes so long. */
const settleSeconds = 10;

/** Streams of callers whose lists are cut: each takes two connections in nginx and two in the relay. */
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
  const holder = startChild(scene, 'hold-streams.ts', [String(stack.ports.gateway)], {
    AUTHORIZATION: cut.Authorization,
  });
  const services = () => pidsOf(stack, 'nginx', 'auth-server', 'relay');
  const memory = (name: string) => pidsOf(stack, name).reduce((sum, pid) => sum + memoryOf(pid), 0);
  const calls = async () => ({
    direct: await roundsOf(shotOf(stack, direct), services, rounds),
    relayed: await roundsOf(shotOf(stack, cut), services, rounds),
  });
  await calls();
  const held = { nginx: memory('nginx'), relay: memory('relay') };
  let open = 0;
  for (const size of scene.sizes) {
    const count = Math.min(size, most);
    if (count < size)
      scene.note(
        `${files} open files are the limit and this user may not raise it (ulimit -n): nginx and the relay hold ${count.toLocaleString('en')} streams, not ${size.toLocaleString('en')}.`,
      );
    scene.tell(`${count}`);
    const used = watchCpu(services);
    holder.say(String(count - open));
    await holder.line();
    const opening = used() / (count - open);
    scene.put({ what: 'opening one (nginx, auth-server, relay)', unit: 'µs of CPU', of: 'each' }, size, opening);
    await sleep(settleSeconds * 1000);
    for (const name of ['nginx', 'relay'] as const) {
      const before = held[name];
      held[name] = memory(name);
      const each = ((held[name] - before) * 1024) / (count - open);
      scene.put({ what: `memory of ${name} for one more`, unit: 'kB', of: 'each' }, size, each);
    }
    open = count;
    const idle = watchCpu(services);
    await sleep(watchSeconds * 1000);
    const share = idle() / watchSeconds / 10_000;
    scene.put({ what: 'CPU while nothing happens', unit: '% of a core', of: 'all' }, size, share);
    const costs = await calls();
    scene.put({ what: 'a call beside them', unit: 'µs of CPU', of: 'each' }, size, ...costs.direct);
    scene.put({ what: 'a call through the relay', unit: 'µs of CPU', of: 'each' }, size, ...costs.relayed);
  }
}
