import { readFileSync } from 'node:fs';
import { cpuOf } from '../wrk.ts';

/** Clock ticks of proc(5), in microseconds. */
const tick = 10_000;

/**
 * Watches processes of which some begin and end meanwhile, such as those of connections.
 * @returns what gives the CPU time since then, in microseconds; it lacks what processes and threads that have ended took
 */
export function watchCpu(pids: () => readonly number[]): () => number {
  const before = new Map(pids().map((pid) => [pid, ofLiving(pid)]));
  return () => pids().reduce((sum, pid) => sum + Math.max(0, ofLiving(pid) - (before.get(pid) ?? 0)), 0) * 1e6;
}

/** A process that has just ended counts as none. */
function ofLiving(pid: number): number {
  try {
    return cpuOf([pid]);
  } catch {
    return 0;
  }
}

/** CPU time of a process so far, with threads that have ended, in microseconds to a tick. */
export function wholeCpuOf(pid: number): number {
  return ticksOf(pid, 11);
}

/** CPU time of all children that a process has waited for, in microseconds to a tick. */
export function cpuOfEnded(pid: number): number {
  return ticksOf(pid, 13);
}

function ticksOf(pid: number, field: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[field]) + Number(fields[field + 1])) * tick;
}
