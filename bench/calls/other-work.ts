import { readFileSync } from 'node:fs';
import { cpuOf, withChildren } from '../wrk.ts';

/** CPU time of the machine so far, in seconds (proc(5): user, nice, system, irq, softirq, in ticks of 10 ms). */
function ofMachine(): number {
  const ticks = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.split(/\s+/).slice(1).map(Number) ?? [];
  return [0, 1, 2, 5, 6].reduce((sum, i) => sum + (ticks[i] ?? 0), 0) / 100;
}

/** CPU time of this process, its descendants, and its children that have ended. */
function ofOurs(): number {
  const ended = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ').slice(13, 15).map(Number) ?? [];
  return cpuOf(withChildren(process.pid)) + ended.reduce((sum, ticks) => sum + ticks, 0) / 100;
}

/** Watches how much of the machine others use. @returns that since the beginning, in cores */
export function watchOtherWork(): () => number {
  const [began, machine, ours] = [performance.now(), ofMachine(), ofOurs()];
  return () => {
    const seconds = (performance.now() - began) / 1000;
    return Math.max(0, ofMachine() - machine - (ofOurs() - ours)) / seconds;
  };
}
