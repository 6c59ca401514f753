import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headersOf, openSession } from '../call.ts';
import { tokenMaker } from '../callers.ts';
import { callOf, shortTool } from '../calls/server.ts';
import { type Bench, pidsOf, withBench } from '../calls/ways.ts';
import type { BenchStack } from '../stack.ts';
import { type Figure, figure } from './figure.ts';
import { liveMegabytesOf, snapshotOptions } from './live-memory.ts';

const services = ['hub', 'auth-server', 'relay', 'registry'] as const;
const others = Array.from({ length: 29 }, (_, i) => `other-${i}`);
const servers = ['bench', ...others];
/** So many clients work at a time. */
const atOnce = 8;

/**
 * Measures what the processes hold when so many callers have a session at the hub with a standing stream, and each has called
 * a tool of all 30 servers: that many sessions at servers, each bound to its caller.
 */
export async function measureHubMemory(isQuick: boolean): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hub-memory-'));
  try {
    const change = { NODE_OPTIONS: snapshotOptions(folder) };
    return await withBench((bench) => measure(bench, folder, isQuick ? 20 : 100), others, change);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure({ stack }: Bench, folder: string, clients: number): Promise<Figure[]> {
  const live = () => Promise.all(services.map((name) => liveMegabytesOf(pidsOf(stack, name)[0] ?? 0, folder)));
  const token = await tokenMaker(stack);
  const streams: AbortController[] = [];
  const use = async (i: number) => {
    const who = {
      sub: `person-${i}`,
      username: `person-${i}`,
      client_id: '1webclient0000000000000000',
      scope: 'openid',
    };
    const all = await token({ ...who, jti: String(i), 'cognito:groups': ['all'] });
    streams.push(await useAll(stack, headersOf(stack, { Authorization: `Bearer ${all}` })));
  };
  // The first one fills what all share.
  await use(0);
  const before = await live();
  for (let from = 1; from <= clients; from += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, clients + 1 - from) }, (_, i) => use(from + i));
    await Promise.all(some);
  }
  const after = await live();
  for (const stream of streams) stream.abort();
  return services.flatMap((name, i) => [
    figure(`live memory of the ${name} with one client at the hub`, 'MB', [before[i] ?? Number.NaN]),
    figure(`the same with ${clients} clients that called ${servers.length} servers`, 'MB', [after[i] ?? Number.NaN]),
  ]);
}

/** Opens a session with a stream, and calls one tool of each server. @returns what ends the stream */
async function useAll(stack: BenchStack, headers: Record<string, string>): Promise<AbortController> {
  const session = await openSession(stack, '/mcp', headers);
  const own = { ...headers, ...session };
  const stream = new AbortController();
  const standing = await fetch(`${stack.url}/mcp`, { headers: own, signal: stream.signal });
  if (!standing.ok) throw new Error(`the standing stream was refused: ${standing.status} ${await standing.text()}`);
  for (const server of servers) {
    const body = callOf(`${server}__${shortTool}`, 0);
    const answer = await fetch(`${stack.url}/mcp`, { method: 'POST', headers: own, body });
    const text = await answer.text();
    if (!text.includes('"done"')) throw new Error(`${server} was not called: ${answer.status} ${text}`);
  }
  return stream;
}
