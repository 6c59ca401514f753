import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** A request to repeat. */
export interface Shot {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** Default: POST. A GET has no body. */
  method?: 'GET';
}

/** The result of one run. */
export interface Run {
  /** Requests in all. */
  count: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
}

/** @throws if wrk is not installed */
export async function needWrk(): Promise<void> {
  const found = await promisify(execFile)('which', ['wrk']).catch(() => undefined);
  if (!found) throw new Error('wrk is needed: apt-get install wrk, or brew install wrk');
}

/**
 * Sends as many requests as it can over `connections` connections.
 * @throws if an answer is not 200, or there is none
 */
export async function shoot(shot: Shot, connections: number, seconds: number): Promise<Run> {
  // On a very busy machine, there may be no answer in the first second.
  for (let tries = 1; ; tries++) {
    const run = await shootOnce(shot, connections, seconds);
    if (run.count > 0) return run;
    if (tries === 10) throw new Error(`${shot.url} did not answer`);
  }
}

async function shootOnce(shot: Shot, connections: number, seconds: number): Promise<Run> {
  const headers = Object.entries(shot.headers).map(([name, value]) => `${name}: ${value}`);
  const { body, method = 'POST' } = shot;
  const env = { ...process.env, BENCH_METHOD: method, BENCH_BODY: body, BENCH_HEADERS: headers.join('\n') };
  const script = `${import.meta.dirname}/request.lua`;
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '10s', '-s', script, shot.url];
  const { stdout } = await promisify(execFile)('wrk', args, { encoding: 'utf8', env });
  const count = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const others = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1];
  const lost = /Socket errors: (.*)/.exec(stdout)?.[1];
  if (Number.isNaN(count) || lost || others) throw new Error(`unexpected answers:\n${stdout}`);
  return { count, p50: milliseconds(stdout, '50'), p99: milliseconds(stdout, '99') };
}

function milliseconds(text: string, percent: string): number {
  const [, value, unit = 'ms'] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s)`, 'm').exec(text) ?? [];
  return Number(value) * ({ us: 0.001, ms: 1, s: 1_000 }[unit] ?? 1);
}

/** CPU time of the processes so far, with all their threads, in seconds. From the scheduler, which counts nanoseconds. */
export function cpuOf(pids: readonly number[]): number {
  const threads = pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((thread) => `${pid}/task/${thread}`));
  return threads.reduce((sum, thread) => sum + nanosecondsOf(thread), 0) / 1e9;
}

function nanosecondsOf(thread: string): number {
  try {
    return Number(readFileSync(`/proc/${thread}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    // It has ended since.
    return 0;
  }
}

/** A process and all its descendants. */
export function withChildren(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    return [pid, ...children.flatMap(withChildren)];
  } catch {
    return [];
  }
}

/** Resident memory of a process in MB. */
export function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 0 ? half - 1 : half], sorted[half]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
