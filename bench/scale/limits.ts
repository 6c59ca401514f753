import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Raises the limit of open files of this process, and so of all that it starts.
 * @returns the limit after that
 */
export function raiseOpenFiles(wanted: number): number {
  if (openFiles() >= wanted) return openFiles();
  try {
    execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${wanted}:${wanted}`], { stdio: 'ignore' });
  } catch {
    // This user may not, or there is no prlimit. What could be raised is read below.
  }
  return openFiles();
}

/** Node has raised the soft limit to the hard one. */
function openFiles(): number {
  const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
