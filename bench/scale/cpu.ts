import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time of the threads of processes so far, in microseconds. It is exact to far less than a clock tick (schedstat), for figures
 * of few requests, but lacks threads that have ended.
 */
export function exactCpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuOfProcess(pid), 0);
}

function cpuOfProcess(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + cpuOfThread(pid, thread), 0);
}

function cpuOfThread(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1000;
  } catch {
    // It has ended since it was listed.
    return 0;
  }
}

/**
 * Watches processes of which some begin and end meanwhile, such as those of connections.
 * @returns what gives the CPU time since then, in microseconds; it lacks what ended processes have taken
 */
export function watchCpu(pids: () => readonly number[]): () => number {
  const before = new Map(pids().map((pid) => [pid, cpuOfLiving(pid)]));
  return () => pids().reduce((sum, pid) => sum + Math.max(0, cpuOfLiving(pid) - (before.get(pid) ?? 0)), 0);
}

/** A process that has just ended counts as none. */
function cpuOfLiving(pid: number): number {
  try {
    return cpuOfProcess(pid);
  } catch {
    return 0;
  }
}

/** CPU time of all children that a process has waited for, in microseconds (proc(5): clock ticks of 10 ms). */
export function cpuOfEnded(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) * 10_000;
}
