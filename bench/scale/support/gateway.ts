import { types } from '../../call.ts';
import type { Caller } from '../../callers.ts';
import { type BenchStack, startBenchStack } from '../../stack.ts';
import { type Run, type Shot, shoot, withChildren } from '../../wrk.ts';
import { watchCpu } from '../cpu.ts';
import type { Scene } from '../part.ts';
import { startChild } from './child.ts';

/**
 * A policy. One agent may do everything and administer servers; another is cut short in its lists, so that all it asks takes the relay.
 * @param more rules of the first agent, in YAML
 */
export function policyWith(more: readonly string[] = []): string {
  const rules = ['{server: "*", methods: [tools/list, tools/call], tools: ["*"]}', ...more];
  return `
group_mappings: {mcp-registry-admin: [mcp-servers-unrestricted/execute]}
UI-Scopes: {mcp-servers-unrestricted/execute: {list_service: [all], toggle_service: [all]}}
mcp-servers-unrestricted/read: [{server: "*", methods: [tools/list]}]
mcp-servers-unrestricted/execute:
${rules.map((rule) => `  - ${rule}`).join('\n')}
mcp-servers-restricted/read: [{server: bench, methods: [tools/list, tools/call], tools: [tool-1*, tool-2*]}]
`;
}

/** A whole gateway in front of an MCP server, both ended with the part. */
export async function startGateway(
  scene: Pick<Scene, 'ends'>,
  {
    scopes = policyWith(),
    more = [],
    change = {},
  }: { scopes?: string; more?: readonly string[]; change?: NodeJS.ProcessEnv },
): Promise<BenchStack> {
  const upstream = startChild(scene, 'mcp-server.ts');
  const stack = await startBenchStack(`http://127.0.0.1:${await upstream.line()}`, scopes, more, change);
  scene.ends(() => stack.stop());
  return stack;
}

/** The processes of some services, with all that they have started. */
export function pidsOf({ supervisor }: BenchStack, ...names: string[]): number[] {
  return names.flatMap((name) => withChildren(supervisor.pid(name) ?? 0));
}

/** A call of a tool of the server `bench`. */
export function callOf({ ports }: BenchStack, who: Caller): Shot {
  const params = { name: 'tool-1', arguments: { id: 'x'.repeat(130) } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  const headers = { ...who, ...types, Host: `localhost:${ports.gateway}` };
  return { url: `http://127.0.0.1:${ports.gateway}/bench/mcp`, headers, body, pids: [] };
}

export const bearer = (token: string): Caller => ({ Authorization: `Bearer ${token}` });

/**
 * Sends one request over and over in rounds, after one to warm up.
 * @param pids the processes whose CPU counts
 * @returns each round, `cpu` in microseconds for one request
 */
export async function roundsOf(
  shot: Shot,
  pids: () => readonly number[],
  rounds: number,
  connections = 16,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (let round = 0; round <= rounds; round++) {
    const cpu = watchCpu(pids);
    const run = await shoot(shot, connections, round === 0 ? 2 : 1);
    if (round > 0) runs.push({ ...run, cpu: cpu() / run.count });
  }
  return runs;
}
