import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The options with which a Node process tells its live memory. @param folder where it writes its heap snapshots */
export function snapshotOptions(folder: string): string {
  return `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`;
}

/**
 * Live memory of a Node process in MB. A heap snapshot collects all garbage first; resident memory fluctuates by itself.
 * @param folder of its {@link snapshotOptions}
 */
export async function liveMegabytesOf(pid: number, folder: string): Promise<number> {
  process.kill(pid, 'SIGUSR2');
  return sumOf(await snapshotOf(folder, pid)) / 1e6;
}

interface Snapshot {
  snapshot: { meta: { node_fields: string[] } };
  nodes: number[];
}

async function snapshotOf(folder: string, pid: number): Promise<Snapshot> {
  for (let tries = 0; tries < 300; tries++) {
    await sleep(200);
    const file = readdirSync(folder).find((name) => name.includes(`.${pid}.`));
    if (file === undefined) continue;
    try {
      const snapshot = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Snapshot;
      rmSync(join(folder, file));
      return snapshot;
    } catch {
      // The snapshot is not complete yet.
    }
  }
  throw new Error(`process ${pid} wrote no heap snapshot`);
}

function sumOf({ snapshot, nodes }: Snapshot): number {
  const fields = snapshot.meta.node_fields;
  const size = fields.indexOf('self_size');
  let sum = 0;
  for (let i = size; i < nodes.length; i += fields.length) sum += nodes[i] ?? 0;
  return sum;
}
