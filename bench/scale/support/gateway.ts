import { headersOf } from '../../call.ts';
import type { Caller } from '../../callers.ts';
import { callOf, shortTool } from '../../calls/server.ts';
import { type BenchStack, startBenchStack } from '../../stack.ts';
import { type Shot, shoot, withChildren } from '../../wrk.ts';
import { watchCpu } from '../cpu.ts';
import type { Scene } from '../part.ts';
import { startChild } from './child.ts';

/**
 * The bench's policy, in which agents may also see and change servers.
 * @param more rules of the callers who may do everything, in YAML
 */
export function policyWith(more: readonly string[] = []): string {
  const rules = ['{server: "*", methods: [tools/list, tools/call], tools: ["*"]}', ...more];
  return `
group_mappings: {all: [bench-all/execute]}
UI-Scopes: {bench-all/execute: {list_service: [all], toggle_service: [all]}}
bench-all/execute:
${rules.map((rule) => `  - ${rule}`).join('\n')}
bench-few/execute: [{server: bench, methods: [tools/list, tools/call], tools: [tool-1*, tool-2*]}]
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
  const stack = await startBenchStack(await upstream.line(), scopes, more, change);
  scene.ends(() => stack.stop());
  return stack;
}

/** The processes of some services, with all that they have started. */
export function pidsOf({ supervisor }: BenchStack, ...names: string[]): number[] {
  return names.flatMap((name) => withChildren(supervisor.pid(name) ?? 0));
}

/** A call of a tool of the server `bench`, with a body of some 300 bytes. */
export function shotOf(stack: BenchStack, who: Caller): Shot {
  const url = `http://127.0.0.1:${stack.ports.gateway}/bench/mcp`;
  return { url, headers: headersOf(stack, who), body: callOf(shortTool, 130) };
}

/**
 * Sends one request over and over in rounds, after one to warm up.
 * @param pids the processes whose CPU counts
 * @returns what a request took in each round, in microseconds of CPU
 */
export async function roundsOf(
  shot: Shot,
  pids: () => readonly number[],
  rounds: number,
  connections = 16,
): Promise<number[]> {
  const costs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const cpu = watchCpu(pids);
    const run = await shoot(shot, connections, round === 0 ? 2 : 1);
    if (round > 0) costs.push(cpu() / run.count);
  }
  return costs;
}
