import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { createHealthMonitor } from '../../../../registry/health/monitor.ts';
import { seed } from '../../../../registry/store/seed.ts';
import { parseServers } from '../../../../registry/store/servers-file.ts';
import { openStore } from '../../../../registry/store/store.ts';
import { listen, until } from '../../../support/listen.ts';
import { recordingLog } from '../../../support/registry/registry-fixture.ts';

const home = mkdtempSync(join(tmpdir(), 'registry-health-'));
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function buildMcp(): McpServer {
  const server = new McpServer({ name: 'little', version: '1' });
  for (let i = 0; i < 10; i++)
    server.registerTool(`tool_${i}`, { description: `Does ${i}`, inputSchema: z.object({ city: z.string() }) }, () => ({
      content: [],
    }));
  return server;
}

async function startMcp(): Promise<{ port: number; seen: { asked: number } }> {
  const handle = toNodeHandler(createMcpHandler(buildMcp));
  const seen = { asked: 0 };
  const { port, close } = await listen((req, res) => {
    seen.asked++;
    void handle(req as Parameters<typeof handle>[0], res);
  });
  closers.push(close);
  return { port, seen };
}

/** In a separate process, so that only the registry's work is measured. */
async function startMany(count: number): Promise<number[]> {
  const file = join(import.meta.dirname, '../../../support/registry/many-servers.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  closers.push(async () => {
    child.stdin.end();
    await once(child, 'close');
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return JSON.parse(String(line)) as number[];
}

const entry = (name: string, port: number) => ({
  name,
  title: name,
  description: name,
  upstream: `http://127.0.0.1:${port}`,
  transports: { 'streamable-http': '/mcp' },
});

async function registry(where: string, servers: object[]) {
  const { log } = recordingLog();
  const store = await openStore(where);
  await seed(store, parseServers(JSON.stringify(servers)), log);
  const monitor = createHealthMonitor({
    servers: store.list,
    upstreamOf: (name) => ({ addresses: [new URL(store.get(name)?.upstream ?? '').host] }),
    observations: store.observations,
    log,
  });
  const close = async () => {
    await monitor.stop();
    await store.close();
  };
  return { store, monitor, close };
}

test('After a restart the last state and tools are known before any check', async () => {
  const where = join(home, 'restart.db');
  const { port, seen } = await startMcp();
  const first = await registry(where, [entry('one', port)]);
  await first.monitor.recall();
  first.monitor.start();
  expect(await until(() => first.monitor.of('one').status === 'healthy')).toBe(true);
  await first.close();
  const before = first.monitor.of('one');
  const asked = seen.asked;
  const second = await registry(where, []);
  closers.push(second.close);
  await second.monitor.recall();
  expect(second.monitor.of('one')).toEqual(before);
  expect(second.monitor.of('one').tools).toHaveLength(10);
  expect(seen.asked).toBe(asked);
});

test('Of two registries over one database one checks, and the other shows its results', async () => {
  const where = join(home, 'two.db');
  const { port, seen } = await startMcp();
  const one = await registry(where, [entry('one', port)]);
  const two = await registry(where, []);
  closers.push(one.close, two.close);
  await one.monitor.recall();
  await two.monitor.recall();
  one.monitor.start();
  two.monitor.start();
  expect(await until(() => two.monitor.of('one').status === 'healthy')).toBe(true);
  expect(two.monitor.of('one').tools).toEqual(one.monitor.of('one').tools);
  const asked = seen.asked;
  expect(asked).toBeGreaterThan(0);
  await two.monitor.check({ ...entry('one', port), tags: [] });
  expect(seen.asked).toBe(2 * asked);
}, 180_000);

test('Five hundred servers are checked and stored without blocking other work', async () => {
  const ports = await startMany(20);
  const servers = Array.from({ length: 500 }, (_, i) => entry(`server-${i}`, ports[i % 20] ?? 0));
  const { store, monitor, close } = await registry(join(home, 'many.db'), servers);
  closers.push(close);
  await monitor.recall();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const start = performance.now();
  monitor.start();
  const names = servers.map(({ name }) => name);
  const done = await until(() => names.every((name) => monitor.of(name).status === 'healthy'), 180_000);
  const took = performance.now() - start;
  delay.disable();
  const before = performance.now();
  await monitor.stop();
  const keeping = performance.now() - before;
  const ms = (nanoseconds: number) => `${(nanoseconds / 1e6).toFixed(1)} ms`;
  const figures = `500 servers in ${took.toFixed(0)} ms, kept in ${keeping.toFixed(0)} ms; event loop delay: median ${ms(delay.percentile(50))}, 99 % ${ms(delay.percentile(99))}, longest ${ms(delay.max)}`;
  process.stderr.write(`${figures}\n`);
  expect(done).toBe(true);
  expect(await store.observations.read()).toHaveLength(500);
  // Generous, for busy machines: all checks without a pause would take seconds.
  expect(delay.percentile(50) / 1e6).toBeLessThan(1_000);
  expect(delay.percentile(99) / 1e6).toBeLessThan(8_000);
}, 180_000);
