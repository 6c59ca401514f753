import { Counter, Histogram, type Registry } from 'prom-client';
import type { MeasuredCall } from '../audit/outside/measured-call.ts';
import { boundedLabels, mostServers } from './bounded-labels.ts';

/** Upper bounds in seconds: from a tool that looks something up to one that works for minutes. */
const buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const mostTools = 2_000;

/**
 * Metrics of the calls that were allowed, as nginx saw them. Without `CALLS_FILE` they stay empty.
 * @returns counts calls
 */
export function callMetrics(registry: Registry): (calls: readonly MeasuredCall[]) => void {
  const registers = [registry];
  const calls = new Counter({
    name: 'mcp_gateway_calls_total',
    help: 'Calls that were allowed and have ended, by server and result: ok, or error from the HTTP status 400 on',
    labelNames: ['server', 'result'],
    registers,
  });
  const times = new Histogram({
    name: 'mcp_gateway_call_seconds',
    help: 'Time that the server took for a call until its answer had ended',
    labelNames: ['server'],
    buckets,
    registers,
  });
  const tools = new Counter({
    name: 'mcp_gateway_tool_calls_total',
    help: 'The same calls by tool, if the registry knows its definition',
    labelNames: ['server', 'tool', 'result'],
    registers,
  });
  const serverLabel = boundedLabels(mostServers);
  const toolLabel = boundedLabels(mostTools);
  return (ended) => {
    for (const { server: name, tool, status, milliseconds } of ended) {
      const server = serverLabel(name);
      const result = status >= 400 ? 'error' : 'ok';
      calls.inc({ server, result });
      times.observe({ server }, milliseconds / 1000);
      if (tool === undefined) continue;
      const known = `${name} ${tool}`;
      tools.inc({ server, tool: toolLabel(known) === known ? tool : '(other)', result });
    }
  };
}
