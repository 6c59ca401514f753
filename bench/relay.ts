// Measures the relay: a filtered list beside an unfiltered one, a tool call with the relay up and down, and the memory of
// idle streams. Needs wrk.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startBenchStack } from './stack.ts';
import { median } from './wrk.ts';

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

const upstream = createServer((req, res) => {
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
upstream.keepAliveTimeout = 75_000;
await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
// All streams come from one address here.
const stack = await startBenchStack(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`, policy, [], {
  CONNECTIONS_PER_ADDRESS: '0',
});
try {
  const full = await stack.token('full');
  const reader = await stack.token('reader');
  await measureLists(full, reader);
  await measureStreams(reader);
  await measureCalls(full);
} finally {
  await stack.stop();
  upstream.closeAllConnections();
  upstream.close();
}

async function measureLists(full: string, reader: string): Promise<void> {
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
  const rates = await turnByTurn({
    unfiltered: () => wrk(full, body),
    filtered: () => wrk(reader, body),
  });
  console.log(`tools/list, 50 tools (${Math.round(list.length / 1024)} kB), 32 connections, behind nginx:`);
  print(rates, 'unfiltered');
}

async function measureCalls(full: string): Promise<void> {
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"tool-1","arguments":{}}}';
  const up: number[] = [];
  for (let i = 0; i < rounds; i++) up.push(await wrk(full, body));
  const pid = stack.supervisor.pid('relay');
  if (pid === undefined) throw new Error('there is no relay to kill');
  process.kill(pid, 'SIGKILL');
  await sleep(200);
  const dead: number[] = [];
  for (let i = 0; i < rounds; i++) dead.push(await wrk(full, body));
  console.log('tools/call, 32 connections, behind nginx:');
  print({ 'relay up': up, 'relay dead': dead }, 'relay up');
}

async function measureStreams(reader: string): Promise<void> {
  const pid = stack.supervisor.pid('relay');
  const before = rss(pid);
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  let open = 0;
  const started = performance.now();
  for (let i = 0; i < streams; i += 100) {
    await Promise.all(Array.from({ length: 100 }, () => openStream(agent, reader).then(() => open++)));
  }
  const took = (performance.now() - started) / 1000;
  await sleep(3_000);
  const after = rss(pid);
  const cpu = await cpuShare(pid, 5_000);
  console.log(`${open} idle streams through nginx and the relay, opened in ${took.toFixed(1)} s:`);
  console.log(
    `  relay's memory ${before} MB before, ${after} MB with them: ${(((after - before) * 1024) / open).toFixed(0)} kB each`,
  );
  console.log(`  relay's CPU while nothing happens: ${(cpu * 100).toFixed(1)} % of a core`);
  agent.destroy();
  await sleep(2_000);
  console.log(`  relay's memory ${rss(pid)} MB after they have gone`);
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

function rss(pid: number | undefined): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

async function cpuShare(pid: number | undefined, milliseconds: number): Promise<number> {
  const ticks = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  const before = ticks();
  await sleep(milliseconds);
  return ((ticks() - before) * 10) / milliseconds;
}

/** Requests per second. Fails if any answer is not 200. */
async function wrk(token: string, body: string): Promise<number> {
  const script = `${import.meta.dirname}/post.lua`;
  const { stdout: out } = await promisify(execFile)(
    'wrk',
    ['-t1', '-c32', `-d${secondsEach}s`, '-s', script, `${stack.url}/bench/mcp`],
    {
      encoding: 'utf8',
      env: { ...process.env, BENCH_TOKEN: token, BENCH_BODY: body },
    },
  );
  if (/Non-2xx|Socket errors/.test(out) || !/[1-9]\d* requests in/.test(out))
    throw new Error(`not all requests went well:\n${out}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(out)?.[1]);
}

/** Interleaved, so that other load on the machine affects all alike. */
async function turnByTurn(runs: Record<string, () => Promise<number>>): Promise<Record<string, number[]>> {
  const rates: Record<string, number[]> = {};
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of Object.entries(runs)) {
      const rate = await run();
      if (round > 0) rates[name] = [...(rates[name] ?? []), rate];
    }
  }
  return rates;
}

function print(rates: Record<string, number[]>, base: string): void {
  for (const [name, values] of Object.entries(rates)) {
    const spread = `${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))}`;
    const ratio = (median(values) / median(rates[base] ?? [])).toFixed(2);
    console.log(
      `  ${name.padEnd(12)} ${String(Math.round(median(values))).padStart(6)}/s  ratio ${ratio}  (${spread})`,
    );
  }
}
