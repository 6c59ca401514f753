import { execFile } from 'node:child_process';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parsePolicy } from '../common/policy/policy-file.ts';
import { question, sessionOf, tokenMaker } from './callers.ts';
import { startAuthServer } from './gates.ts';
import { ask, atRate, type Latency } from './open-loop.ts';
import { type BenchStack, startBenchStack } from './stack.ts';
import { cpuOf, median, memoryOf, type Shot, shoot } from './wrk.ts';

export type Figures = Record<string, string>;

/** From starting the process to its first answer, and how long a policy of 10,000 rules takes to read. */
export async function measureStart(stack: BenchStack, longPolicy: string): Promise<Figures> {
  const starts: number[] = [];
  for (let i = 0; i < 6; i++) {
    const began = performance.now();
    const { child } = await startAuthServer(stack);
    // The first start fills the compile cache.
    if (i > 0) starts.push(performance.now() - began);
    child.kill('SIGTERM');
  }
  const loads = Array.from({ length: 5 }, () => {
    const began = performance.now();
    parsePolicy(longPolicy);
    return performance.now() - began;
  });
  return {
    'start-up': range(starts, 'ms'),
    'a policy of 10,000 rules is read in': range(loads, 'ms'),
  };
}

/** Unknown tokens, each used once: requests per second, and the memory of the cache. */
export async function measureColdTokens(stack: BenchStack, count: number): Promise<Figures> {
  const { child, port, pid } = await startAuthServer(stack);
  const token = await tokenMaker(stack);
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
  const before = memoryOf(pid);
  let cpu = 0;
  let took = 0;
  for (let done = 0; done < count; done += 500) {
    const batch = Array.from({ length: Math.min(500, count - done) }, (_, i) => token({ jti: `cold-${done + i}` }));
    const headers = (await Promise.all(batch)).map((each) => ({ ...question, Authorization: `Bearer ${each}` }));
    const url = `http://127.0.0.1:${port}/validate`;
    const [began, used] = [performance.now(), cpuOf([pid])];
    const statuses = await Promise.all(headers.map((each) => ask({ url, headers: each, body }, agent)));
    took += performance.now() - began;
    cpu += cpuOf([pid]) - used;
    if (statuses.some((status) => status !== 200)) throw new Error('a good token was refused');
  }
  agent.destroy();
  const after = memoryOf(pid);
  child.kill('SIGTERM');
  return {
    'tokens never seen before': `${Math.round((count / took) * 1000)}/s by a driver on the same machine, ${Math.round((cpu * 1e6) / count)} µs of CPU each`,
    [`memory of a worker after ${count} different tokens`]: `${after.toFixed(0)} MB, ${before.toFixed(0)} MB before`,
  };
}

/** The latency that the gate adds at half its capacity: nginx with the gate beside the same nginx without it. */
export async function measureLatency(gate: Shot, open: Shot, perSecond: number, seconds: number): Promise<Figures> {
  const rate = Math.max(50, perSecond);
  const with_: Latency[] = [];
  const without: Latency[] = [];
  for (let round = 0; round < 3; round++) {
    without.push(await atRate(open, rate, seconds));
    with_.push(await atRate(gate, rate, seconds));
  }
  const of = (all: readonly Latency[], which: keyof Latency) => median(all.map((each) => each[which]));
  const added = (which: keyof Latency) => {
    const [mine, bare] = [of(with_, which), of(without, which)];
    return `${(mine - bare).toFixed(2)} ms (${bare.toFixed(2)} to ${mine.toFixed(2)})`;
  };
  return {
    [`latency added at ${Math.round(rate)} requests/s, half load`]: `p50 ${added('p50')}, p99 ${added('p99')}, p99.9 ${added('p999')}`,
  };
}

/** The page that lists 500 servers, for a person who sees them all. */
export async function measureRegistry(policy: string, seconds: number): Promise<Figures> {
  const many = Array.from({ length: 499 }, (_, i) => `server-${i}`);
  // No server listens there: the registry finds them unhealthy at its own pace.
  const stack = await startBenchStack('http://127.0.0.1:9', policy, many);
  try {
    await sleep(5_000);
    const { host } = new URL(stack.url);
    const url = `http://127.0.0.1:${stack.ports.gateway}/`;
    const headers = { Cookie: await sessionOf(stack), Host: host, Accept: 'text/html' };
    const pid = stack.supervisor.pid('registry');
    const pids = pid === undefined ? [] : [pid];
    const run = await shoot({ url, headers, body: '', pids, method: 'GET' }, 4, seconds);
    return {
      'the list of 500 servers': `${run.perSecond.toFixed(0)} pages/s over 4 connections, p50 ${run.p50.toFixed(0)} ms, ${(run.cpu / 1000).toFixed(1)} ms of CPU each`,
    };
  } finally {
    await stack.stop();
  }
}

/** The search among 10,000 tools, measured by bench/search/main.ts. */
export async function measureSearch(): Promise<Figures> {
  const file = join(import.meta.dirname, 'search', 'main.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [file]);
  return { 'search for tools': stdout.trim().split('\n').slice(-2).join('; ') };
}

function range(values: readonly number[], unit: string): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(0)} ${unit} (${low.toFixed(0)} to ${high.toFixed(0)})`;
}
