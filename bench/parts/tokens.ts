import { Agent } from 'node:http';
import { ask } from '../call.ts';
import { question, tokenMaker } from '../callers.ts';
import { callOf, shortTool } from '../calls/server.ts';
import { startAuthServer } from '../gates.ts';
import type { BenchStack } from '../stack.ts';
import { cpuOf, memoryOf } from '../wrk.ts';
import { type Figure, figure } from './figure.ts';

const batch = 500;

/** Different tokens of an agent, each used once: what the first call with one costs, and what they leave in memory. */
export async function measureTokens(stack: BenchStack, isQuick: boolean): Promise<Figure[]> {
  const count = isQuick ? 5_000 : 100_000;
  const { child, port, pid } = await startAuthServer(stack);
  const token = await tokenMaker(stack);
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const url = `http://127.0.0.1:${port}/validate`;
  const body = callOf(shortTool, 0);
  const before = memoryOf(pid);
  const cpu: number[] = [];
  const mint = (from: number) =>
    Promise.all(Array.from({ length: batch }, (_, i) => token({ jti: `different-${from + i}` })));
  let next = mint(0);
  for (let done = 0; done < count; done += batch) {
    const tokens = await next;
    // The next ones are made while these are used.
    next = mint(done + batch);
    const used = cpuOf([pid]);
    const asked = tokens.map((each) =>
      ask({ url, headers: { ...question, Authorization: `Bearer ${each}` }, body }, agent),
    );
    const answers = await Promise.all(asked);
    cpu.push(((cpuOf([pid]) - used) * 1e6) / batch);
    if (answers.some(({ status }) => status !== 200)) throw new Error('a good token was refused');
  }
  await next;
  agent.destroy();
  const after = memoryOf(pid);
  child.kill('SIGTERM');
  return [
    figure('memory of the auth-server at its start', 'MB', [before]),
    figure(`memory after ${count.toLocaleString('en')} different tokens`, 'MB', [after]),
    figure("CPU of the auth-server for a token's first call", 'µs', cpu),
  ];
}
