import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inManyGroups, tokenMaker } from '../callers.ts';
import type { Figures } from '../figures.ts';
import { liveMegabytesOf, snapshotOptions } from '../live-memory.ts';
import type { BenchStack } from '../stack.ts';
import { headersOf, openSession, others, withHub } from './members.ts';

const processes = ['hub', 'auth-server', 'relay', 'registry'];
/** So many clients work at a time. */
const atOnce = 8;

/**
 * Measures what the processes hold when so many callers have a session at the hub with a standing stream, and each has called
 * a tool of all 30 servers: that many sessions at servers, each bound to its caller.
 */
export async function measureHubMemory(clients: number): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'hub-memory-'));
  const live = (stack: BenchStack) =>
    Promise.all(processes.map((name) => liveMegabytesOf(stack.supervisor.pid(name) ?? 0, folder)));
  const measure = async (stack: BenchStack): Promise<Figures> => {
    const token = await tokenMaker(stack);
    const streams: AbortController[] = [];
    const use = async (i: number) => {
      const own = { sub: `person-${i}`, username: `person-${i}`, jti: String(i), 'cognito:groups': ['users'] };
      const headers = headersOf(stack, await token({ ...inManyGroups, ...own }));
      streams.push(await useAll(stack, headers));
    };
    // The first one fills what all share.
    await use(0);
    const before = await live(stack);
    for (let from = 1; from <= clients; from += atOnce) {
      const some = Array.from({ length: Math.min(atOnce, clients + 1 - from) }, (_, i) => use(from + i));
      await Promise.all(some);
    }
    const after = await live(stack);
    for (const stream of streams) stream.abort();
    const each = processes.map((name, i) => `${name} ${before[i]?.toFixed(1)} to ${after[i]?.toFixed(1)}`);
    return { [`live MB with ${clients} clients at the hub × ${others.length + 1} servers`]: each.join(', ') };
  };
  try {
    return await withHub(measure, { NODE_OPTIONS: snapshotOptions(folder) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Opens a session with a stream, and calls one tool of each server. @returns what ends the stream */
async function useAll(stack: BenchStack, headers: Record<string, string>): Promise<AbortController> {
  const session = await openSession(stack, '/mcp', headers);
  const own = { ...headers, ...session };
  const stream = new AbortController();
  const standing = await fetch(`${stack.url}/mcp`, { headers: own, signal: stream.signal });
  if (!standing.ok) throw new Error(`the standing stream was refused: ${standing.status} ${await standing.text()}`);
  for (const server of ['bench', ...others]) {
    const params = { name: `${server}__tool-1`, arguments: { id: 'x' } };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    const answer = await fetch(`${stack.url}/mcp`, { method: 'POST', headers: own, body });
    const text = await answer.text();
    if (!text.includes('"done"')) throw new Error(`${server} was not called: ${answer.status} ${text}`);
  }
  return stream;
}
