// Measures the relay: a filtered list beside an unfiltered one, a relayed call beside a direct one, a call with the relay up
// and down, and the memory of idle streams. Needs wrk.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBenchStack, startUpstream } from './stack.ts';
import { cpuOf, median, memoryOf, shoot } from './wrk.ts';

const rounds = 7;
const secondsEach = 2;
const streams = 5_000;
const policy = `
group_mappings: {}
mcp-servers-unrestricted/read: [{server: "*", methods: [tools/list]}]
mcp-servers-unrestricted/execute: [{server: "*", methods: [tools/call], tools: ["*"]}]
mcp-servers-restricted/read: [{server: bench, methods: [tools/list, tools/call], tools: [tool-1*, tool-2*]}]
`;

const tools = Array.from({ length: 50 }, (_, i) => ({
  name: `tool-${i}`,
  description: `Looks up what is known about the thing with the number ${i}, and says it in a few words. `.repeat(3),
  inputSchema: {
    type: 'object',
    properties: { id: { type: 'string', description: 'which one' }, depth: { type: 'integer', minimum: 0 } },
    required: ['id'],
  },
}));
const list = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools } }));
const result = Buffer.from(
  JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'done' }] } }),
);

const call = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"tool-1","arguments":{}}}';

const upstream = await startUpstream((req, res) => {
  if (req.method === 'GET')
    return void res.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
  let body = '';
  req.setEncoding('utf8').on('data', (chunk) => {
    body += chunk;
  });
  req.on('end', () => {
    const answer = body.includes('"tools/list"') ? list : result;
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer);
  });
});
// All streams come from one address here.
const stack = await startBenchStack(upstream.origin, policy, [], { CONNECTIONS_PER_ADDRESS: '0' });
try {
  const full = await stack.token('full');
  const reader = await stack.token('reader');
  await measureLists(full, reader);
  await measureRelayedCalls(full, reader);
  await measureStreams(reader);
  await measureCalls(full);
} finally {
  await stack.stop();
  upstream.close();
}

async function measureLists(full: string, reader: string): Promise<void> {
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
  const rates: { unfiltered: number[]; filtered: number[] } = { unfiltered: [], filtered: [] };
  // Interleaved, so that other load on the machine affects both alike. The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const [unfiltered, filtered] = [await rate(full, body), await rate(reader, body)];
    if (round === 0) continue;
    rates.unfiltered.push(unfiltered);
    rates.filtered.push(filtered);
  }
  console.log(`tools/list, 50 tools (${Math.round(list.length / 1024)} kB), 32 connections, behind nginx:`);
  print(rates, rates.unfiltered);
}

/** The calls of a caller whose list is cut go through the relay; those of a caller who may use everything do not. */
async function measureRelayedCalls(full: string, reader: string): Promise<void> {
  const rates: { direct: number[]; relayed: number[] } = { direct: [], relayed: [] };
  for (let round = 0; round <= rounds; round++) {
    const [direct, relayed] = [await rate(full, call), await rate(reader, call)];
    if (round === 0) continue;
    rates.direct.push(direct);
    rates.relayed.push(relayed);
  }
  console.log('tools/call, 32 connections, behind nginx:');
  print(rates, rates.direct);
}

async function measureCalls(full: string): Promise<void> {
  const up: number[] = [];
  for (let i = 0; i < rounds; i++) up.push(await rate(full, call));
  process.kill(relayPid(), 'SIGKILL');
  await sleep(200);
  const dead: number[] = [];
  for (let i = 0; i < rounds; i++) dead.push(await rate(full, call));
  console.log('tools/call, 32 connections, behind nginx:');
  print({ 'relay up': up, 'relay dead': dead }, up);
}

async function measureStreams(reader: string): Promise<void> {
  const pid = relayPid();
  const before = memoryOf(pid);
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  let open = 0;
  const started = performance.now();
  for (let i = 0; i < streams; i += 100) {
    await Promise.all(Array.from({ length: 100 }, () => openStream(agent, reader).then(() => open++)));
  }
  const took = (performance.now() - started) / 1000;
  await sleep(3_000);
  const after = memoryOf(pid);
  const used = cpuOf([pid]);
  await sleep(5_000);
  const cpu = (cpuOf([pid]) - used) / 5;
  console.log(`${open} idle streams through nginx and the relay, opened in ${took.toFixed(1)} s:`);
  console.log(
    `  relay's memory ${before.toFixed(0)} MB before, ${after.toFixed(0)} MB with them: ${(((after - before) * 1024) / open).toFixed(0)} kB each`,
  );
  console.log(`  relay's CPU while nothing happens: ${(cpu * 100).toFixed(1)} % of a core`);
  agent.destroy();
  await sleep(2_000);
  console.log(`  relay's memory ${memoryOf(pid).toFixed(0)} MB after they have gone`);
}

function openStream(agent: Agent, token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
    const asked = request(`${stack.url.replace('localhost', '127.0.0.1')}/bench/mcp`, {
      agent,
      headers: { ...headers, host: new URL(stack.url).host },
    });
    asked.on('error', reject);
    asked.on('response', (answer) => {
      answer.on('error', () => undefined).resume();
      answer.statusCode === 200 ? resolve() : reject(new Error(`a stream was answered ${answer.statusCode}`));
    });
    asked.end();
  });
}

function relayPid(): number {
  const pid = stack.supervisor.pid('relay');
  if (pid === undefined) throw new Error('there is no relay');
  return pid;
}

/** Requests per second over 32 connections. Fails if any answer is not 200. */
async function rate(token: string, body: string): Promise<number> {
  const headers = {
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
  };
  return (await shoot({ url: `${stack.url}/bench/mcp`, headers, body, pids: [] }, 32, secondsEach)).perSecond;
}

function print(rates: Record<string, number[]>, base: readonly number[]): void {
  for (const [name, values] of Object.entries(rates)) {
    const spread = `${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))}`;
    const ratio = (median(values) / median(base)).toFixed(2);
    console.log(
      `  ${name.padEnd(12)} ${String(Math.round(median(values))).padStart(6)}/s  ratio ${ratio}  (${spread})`,
    );
  }
}
