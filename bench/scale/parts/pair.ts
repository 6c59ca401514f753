import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { nodeServices, type Ports } from '../../../launch/services.ts';
import { gateSocket } from '../../../launch/socket.ts';
import { openSession } from '../../call.ts';
import { callerOf } from '../../callers.ts';
import { type Postgres, startPostgres } from '../../postgres.ts';
import { type BenchStack, freePorts } from '../../stack.ts';
import { type Shot, shoot, withChildren } from '../../wrk.ts';
import { watchCpu } from '../cpu.ts';
import type { Part, Scene } from '../part.ts';
import type { Row } from '../row.ts';
import { pidsOf, shotOf, startGateway } from '../support/gateway.ts';

const rounds = 5;
const connections = 32;
const idleSeconds = 5;
const services = ['nginx', 'auth-server', 'registry', 'relay'];
const second = ['auth-server', 'registry', 'relay'] as const;

/** One of each service over SQLite beside two of each over PostgreSQL: what a call costs there, not how much two can do. */
export const pair: Part = {
  name: 'two of each',
  key: 'pair',
  sizes: [1, 2],
  quick: [1, 2],
  heads: ['one, SQLite', 'two, PostgreSQL'],
  seconds: 240,
  measure,
};

/** A gateway to measure, and what its calls cost its database. */
interface Side {
  size: number;
  shots: Readonly<Record<string, Shot>>;
  pids: () => readonly number[];
  database: { pids: () => readonly number[]; queries: () => Promise<number>; perSecond: number } | undefined;
}

async function measure(scene: Scene): Promise<void> {
  const postgres = await startPostgres(['shared_preload_libraries=pg_stat_statements', 'max_connections=200']);
  scene.ends(() => postgres.remove());
  scene.tell('one of each');
  const one = await startGateway(scene, {});
  scene.tell('two of each');
  const two = await startGateway(scene, { change: { DATABASE_URL: postgres.urlOf('postgres') } });
  const names = [...services, ...(await addSecond(two))];
  const database = await watchPostgres(scene, postgres);
  const sides: Side[] = [
    { size: 1, shots: await shotsOf(one), pids: () => pidsOf(one, ...services), database: undefined },
    { size: 2, shots: await shotsOf(two), pids: () => pidsOf(two, ...names), database },
  ];
  scene.put({ what: 'while nothing happens', unit: 'queries a second', of: 'all' }, 2, database.perSecond);
  for (const what of Object.keys(sides[0]?.shots ?? {})) {
    scene.tell(what);
    // In turns, so that other load affects both alike. The first round warms up.
    for (let round = 0; round <= rounds; round++)
      for (const side of sides) await measureRound(scene, side, what, round);
  }
}

async function measureRound(scene: Scene, side: Side, what: string, round: number): Promise<void> {
  const shot = side.shots[what];
  if (shot === undefined) return;
  const { size, database, pids } = side;
  const cpu = watchCpu(pids);
  const ofDatabase = database && watchCpu(database.pids);
  const [queries, began] = [(await database?.queries()) ?? 0, performance.now()];
  const run = await shoot(shot, connections, round === 0 ? 2 : 1);
  const seconds = (performance.now() - began) / 1000;
  if (round === 0) return;
  const add = (unit: string, value: number, of: Row['of'] = 'each') => scene.put({ what, unit, of }, size, value);
  const rows = [
    ['calls a second', run.count / seconds],
    ['p50 ms', run.p50],
    ['p99 ms', run.p99],
    ['µs of CPU, all services', cpu() / run.count],
  ] as const;
  for (const [unit, value] of rows) add(unit, value);
  if (!database || !ofDatabase) return;
  add('µs of CPU, PostgreSQL', ofDatabase() / run.count);
  const asked = (await database.queries()) - queries - database.perSecond * seconds;
  add('queries', Math.max(0, asked / run.count));
}

/** What callers ask: each with a body of some 300 bytes. */
async function shotsOf(stack: BenchStack): Promise<Record<string, Shot>> {
  const agent = shotOf(stack, await callerOf(stack, 'agent', 'all', 'bench'));
  const bound = { ...agent.headers, ...(await openSession(stack, '/bench/mcp', agent.headers)) };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
  return {
    'an agent calls': agent,
    'a person calls': shotOf(stack, await callerOf(stack, 'cookie', 'all', 'bench')),
    'an agent calls in its MCP session': { ...agent, headers: bound },
    'an agent opens an MCP session': {
      ...agent,
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
    },
    'an agent lists the servers': {
      ...agent,
      method: 'GET',
      url: `http://127.0.0.1:${stack.ports.gateway}/api/servers`,
    },
  };
}

/** Starts a second one of each service, and gives both to nginx. @returns their names */
async function addSecond(stack: BenchStack): Promise<string[]> {
  const free = await freePorts();
  const own: (keyof Ports)[] = ['authServer', 'metrics', 'registry', 'registryMetrics', 'relay', 'relayMetrics'];
  const ports = { ...stack.ports, ...Object.fromEntries(own.map((name) => [name, free[name]])) };
  const { dataDir, env, supervisor } = stack;
  const specs = nodeServices({ ports, dataDir, env, standIn: true, socket: gateSocket(ports.authServer) });
  const added = specs
    .filter(({ name }) => second.some((each) => each === name))
    .map((spec) => ({ ...spec, name: `${spec.name}-2` }));
  for (const spec of added) supervisor.start(spec);
  await Promise.all(added.map((spec) => supervisor.healthy(spec)));
  const both = (name: 'authServer' | 'registry' | 'relay') =>
    [stack.ports, ports].map((each) => {
      const socket = name === 'authServer' && gateSocket(each[name]);
      return `server ${socket ? `unix:${socket}` : `127.0.0.1:${each[name]}`} max_fails=0;`;
    });
  const folder = join(dataDir, 'nginx');
  const file = join(folder, 'services.conf');
  let text = readFileSync(file, 'utf8');
  for (const [upstream, name] of [
    ['auth_server', 'authServer'],
    ['registry', 'registry'],
    ['relay', 'relay'],
  ] as const)
    text = text.replace(new RegExp(`(?<=^upstream ${upstream} \\{).*?max_fails=0;`, 'm'), both(name).join(' '));
  writeFileSync(file, text);
  const environment = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  execFileSync('nginx', ['-s', 'reload', '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], { env: environment });
  await sleep(1_000);
  return added.map(({ name }) => name);
}

/** Counts the queries of all clients of PostgreSQL. */
async function watchPostgres(scene: Scene, postgres: Postgres) {
  const client = new pg.Client({ connectionString: postgres.urlOf('postgres') });
  await client.connect();
  scene.ends(() => client.end());
  await client.query('create extension pg_stat_statements');
  const queries = async () => {
    const { rows } = await client.query('select sum(calls) as calls from pg_stat_statements');
    return Number(rows[0]?.calls ?? 0);
  };
  await sleep(2_000);
  const before = await queries();
  await sleep(idleSeconds * 1000);
  return { queries, pids: () => withChildren(postgres.pid()), perSecond: ((await queries()) - before) / idleSeconds };
}
