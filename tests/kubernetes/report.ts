import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubectl } from './cluster/kubectl.ts';
import { root, work } from './cluster/place.ts';
import type { Seen, Streams } from './load.ts';

const file = join(root, 'reports', 'kubernetes.log');
mkdirSync(join(root, 'reports'), { recursive: true });
writeFileSync(file, '');
const began = performance.now();

/** Writes a line into reports/kubernetes.log and shows it. */
export function report(line: string): void {
  const text = `[${String(Math.round((performance.now() - began) / 1000)).padStart(4)} s] ${line}\n`;
  appendFileSync(file, text);
  process.stderr.write(text);
}

/** Reports the figures of a load and of streams beside it. */
export function reportLoad(name: string, { calls, refused, span, slowest }: Seen, streams?: Streams): void {
  const failed = refused.length === 0 ? '0 refused' : `${refused.length} refused within ${span.toFixed(1)} s`;
  const kept = streams
    ? `; ${streams.open()} streams open, ${streams.lost()} lost, back within ${streams.longestGap().toFixed(1)} s`
    : '';
  report(`${name}: ${calls} calls, ${failed}, slowest ${slowest.toFixed(1)} s${kept}`);
  for (const [answer, count] of Object.entries(Object.groupBy(refused, (each) => each)))
    report(`    ${count?.length ?? 0} × ${answer}`);
}

/** Keeps the logs of the pods and of the cluster's programs in reports/kubernetes/. */
export function keepLogs(): void {
  const folder = join(root, 'reports', 'kubernetes');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const keep = (name: string, ...args: string[]) => {
    const text = (() => {
      try {
        return kubectl('-n', 'mcp-gateway', ...args);
      } catch (error) {
        return String(error);
      }
    })();
    writeFileSync(join(folder, `${name}.txt`), text);
  };
  keep('events', 'get', 'events', '-A', '--sort-by=.lastTimestamp');
  keep('pods', 'describe', 'pods', '-A');
  for (const name of ['gate', 'auth-server', 'hub'])
    keep(name, 'logs', '-l', `app.kubernetes.io/name=${name}`, '--all-containers', '--prefix', '--tail=2000');
  cpSync(work('log'), join(folder, 'programs'), { recursive: true });
}
