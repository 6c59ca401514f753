import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** A request to repeat, and its target. */
export interface Shot {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** Default: POST. */
  method?: 'GET';
  /** Whether every answer must differ from 200. */
  refused?: boolean | undefined;
  /** The processes whose CPU time counts. */
  pids: readonly number[];
}

/** The result of one run. */
export interface Run {
  /** Requests in all. */
  count: number;
  perSecond: number;
  p50: number;
  p99: number;
  /** CPU time of the processes per request, in microseconds; NaN without processes. */
  cpu: number;
}

/** @throws if wrk is not installed */
export async function needWrk(): Promise<void> {
  const found = await promisify(execFile)('which', ['wrk']).catch(() => undefined);
  if (!found) throw new Error('wrk is needed: apt-get install wrk, or brew install wrk');
}

/**
 * Sends as many requests as it can over `connections` connections.
 * @throws if the answers are not the expected ones
 */
export async function shoot(shot: Shot, connections: number, seconds: number): Promise<Run> {
  const headers = Object.entries(shot.headers).map(([name, value]) => `${name}: ${value}`);
  const env = {
    ...process.env,
    BENCH_BODY: shot.body,
    BENCH_METHOD: shot.method ?? 'POST',
    BENCH_HEADERS: headers.join('\n'),
  };
  const script = `${import.meta.dirname}/request.lua`;
  const before = cpuOf(shot.pids);
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '10s', '-s', script, shot.url];
  const { stdout } = await promisify(execFile)('wrk', args, { encoding: 'utf8', env });
  const count = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const others = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  const lost = /Socket errors: (.*)/.exec(stdout)?.[1];
  if (!count || lost || others !== (shot.refused ? count : 0)) throw new Error(`unexpected answers:\n${stdout}`);
  return {
    count,
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p50: milliseconds(stdout, '50'),
    p99: milliseconds(stdout, '99'),
    cpu: shot.pids.length === 0 ? Number.NaN : ((cpuOf(shot.pids) - before) * 1e6) / count,
  };
}

function milliseconds(text: string, percent: string): number {
  const [, value, unit = 'ms'] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s)`, 'm').exec(text) ?? [];
  return Number(value) * ({ us: 0.001, ms: 1, s: 1_000 }[unit] ?? 1);
}

/** CPU time of the processes so far, in seconds (proc(5): clock ticks of 10 ms). */
export function cpuOf(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
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

/** Memory of a process in MB. */
export function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
