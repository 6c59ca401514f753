import { Registry } from 'prom-client';
import { callMetrics } from '../../../../auth-server/decisions/call-metrics.ts';

let registry: Registry;
let called: ReturnType<typeof callMetrics>;
beforeEach(() => {
  registry = new Registry();
  called = callMetrics(registry);
});
const lines = async (start: string) =>
  (await registry.metrics()).split('\n').filter((line) => line.startsWith(`mcp_gateway_${start}{`));

test('Calls are counted by server and result, their times by server, and tools with a definition by tool', async () => {
  called([
    { server: 'a', tool: 'look', status: 200, milliseconds: 30 },
    { server: 'a', tool: 'look', status: 502, milliseconds: 3_000 },
    { server: 'a', status: 399, milliseconds: 5 },
    { server: 'b', status: 400, milliseconds: 5 },
  ]);
  expect(await lines('calls_total')).toEqual([
    'mcp_gateway_calls_total{server="a",result="ok"} 2',
    'mcp_gateway_calls_total{server="a",result="error"} 1',
    'mcp_gateway_calls_total{server="b",result="error"} 1',
  ]);
  expect(await lines('tool_calls_total')).toEqual([
    'mcp_gateway_tool_calls_total{server="a",tool="look",result="ok"} 1',
    'mcp_gateway_tool_calls_total{server="a",tool="look",result="error"} 1',
  ]);
  const times = await lines('call_seconds_bucket');
  expect(times).toContain('mcp_gateway_call_seconds_bucket{le="0.05",server="a"} 2');
  expect(times).toContain('mcp_gateway_call_seconds_bucket{le="5",server="a"} 3');
  expect(await lines('call_seconds_count')).toContain('mcp_gateway_call_seconds_count{server="a"} 3');
});

test('1,000 servers and 2,000 tools have labels of their own, and all others share one', async () => {
  const call = { status: 200, milliseconds: 1 };
  for (let each = 0; each < 1_500; each++) called([{ ...call, server: `s${each}` }]);
  for (let each = 0; each < 2_500; each++) called([{ ...call, server: 's0', tool: `t${each}` }]);
  const servers = await lines('calls_total');
  expect(servers).toHaveLength(1_001);
  expect(servers).toContain('mcp_gateway_calls_total{server="(other)",result="ok"} 500');
  const tools = await lines('tool_calls_total');
  expect(tools).toHaveLength(2_001);
  expect(tools).toContain('mcp_gateway_tool_calls_total{server="s0",tool="(other)",result="ok"} 500');
});
