import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, headersOf, openSession } from '../call.ts';
import { type Credential, callerOf, credentials, pathOf, policy, type Rights } from '../callers.ts';
import { endStarted, type Started, startFloor, startNginxWith, startPlainNginx } from '../gates.ts';
import { type BenchStack, startBenchStack } from '../stack.ts';
import { type Shot, withChildren } from '../wrk.ts';
import { accountEntry, accountServer, connectAccount, startAccountServer, writeAccountEntry } from './accounts.ts';
import { callOf, longTool, shortTool, startServer, toolsEach } from './server.ts';

/** How a call reaches its server. `plain`: nginx without a gate. `floor`: our nginx with the least gate. */
export type Route = 'plain' | 'floor' | 'direct' | 'relay' | 'hub' | 'account';
type Size = '300 B' | '16 kB sent' | '16 kB answered';
/** Whose CPU counts. */
export type Part = 'nginx' | 'auth-server' | 'relay' | 'hub';

/** One way to call a tool. */
export interface Way {
  route: Route;
  credential: Credential;
  size: Size;
  shot: Shot;
  /** Asked for each round: a reload gives nginx new processes. */
  pids: Partial<Record<Part, () => readonly number[]>>;
}

/** What the measurements use. */
export interface Bench {
  stack: BenchStack;
  /** Makes a way, and tries it once. */
  way(...which: Which): Promise<Way>;
}

/** Whose requests take a route: the relay reads answers for those who may call a few tools only. */
const routes: Record<Route, { server: string; rights: Rights; parts: readonly Part[] }> = {
  plain: { server: 'bench', rights: 'all', parts: [] },
  floor: { server: 'bench', rights: 'all', parts: [] },
  direct: { server: 'bench', rights: 'all', parts: ['nginx', 'auth-server'] },
  relay: { server: 'bench', rights: 'few', parts: ['nginx', 'auth-server', 'relay'] },
  hub: { server: 'hub', rights: 'all', parts: ['nginx', 'auth-server', 'relay', 'hub'] },
  account: { server: accountServer, rights: 'all', parts: ['nginx', 'auth-server', 'relay'] },
};

/** The processes of a service. */
export function pidsOf({ supervisor }: BenchStack, service: string): number[] {
  const pid = supervisor.pid(service);
  if (pid === undefined) throw new Error(`there is no ${service}`);
  return withChildren(pid);
}

type Which = [route: Route, credential: Credential, size?: Size];

const byAll = (route: Route) => credentials.map((one): Which => [route, one]);
const simple = (size: Size): { base: Which; floor: Which } => ({
  base: ['plain', 'agent', size],
  floor: ['floor', 'agent', size],
});

/** All ways: those of small calls, then those whose body or answer is larger. Agents have no accounts of their own. */
export const allCalls: readonly { base: Which; floor: Which; ways: readonly Which[] }[] = [
  {
    ...simple('300 B'),
    ways: [...byAll('direct'), ...byAll('relay'), ...byAll('hub'), ['account', 'cookie'], ['account', 'client']],
  },
  ...(['16 kB sent', '16 kB answered'] as const).map((size) => ({
    ...simple(size),
    ways: (['direct', 'relay', 'hub'] as const).map((route): Which => [route, 'agent', size]),
  })),
];

/**
 * Runs `work` beside a gateway with all that its ways need.
 * @param others names of servers beside `bench`
 * @param change settings to override
 */
export async function withBench<T>(
  work: (bench: Bench) => Promise<T>,
  others: readonly string[] = [],
  change: NodeJS.ProcessEnv = {},
): Promise<T> {
  const [server, ownServer] = [await startServer(), await startAccountServer()];
  const secretsFile = writeAccountEntry(ownServer.origin);
  let stack: BenchStack | undefined;
  try {
    const settings = { UPSTREAM_SECRETS_FILE: secretsFile, ...change };
    stack = await startBenchStack(server.origin, policy, [...others, accountEntry(ownServer.origin)], settings);
    await connectAccount(stack, ownServer.origin, secretsFile);
    await untilOffered(stack, (others.length + 1) * toolsEach);
    const floor = await startFloor();
    const simple: Simple = {
      plain: { nginx: await startPlainNginx(stack, server.origin), gate: undefined },
      floor: { nginx: await startNginxWith(stack, floor), gate: floor },
    };
    const started = stack;
    return await work({ stack, way: (...which) => makeWay(started, simple, ...which) });
  } finally {
    endStarted();
    await stack?.stop();
    rmSync(secretsFile);
    for (const one of [server, ownServer]) one.close();
  }
}

type Simple = Record<'plain' | 'floor', { nginx: Started; gate: Started | undefined }>;

async function makeWay(
  stack: BenchStack,
  simple: Simple,
  route: Route,
  credential: Credential,
  size: Size = '300 B',
): Promise<Way> {
  const { server, rights, parts } = routes[route];
  const own = headersOf(stack, await callerOf(stack, credential, rights, server));
  const tool = size === '16 kB answered' ? longTool : shortTool;
  const body = callOf(server === 'hub' ? `bench__${tool}` : tool, size === '16 kB sent' ? 15_850 : 170);
  if (route === 'plain' || route === 'floor') {
    const { nginx, gate } = simple[route];
    const shot = {
      url: `http://127.0.0.1:${nginx.port}/bench/mcp`,
      headers: { ...own, Host: `localhost:${nginx.port}` },
      body,
    };
    const pids = { nginx: () => withChildren(nginx.pid), ...(gate && { 'auth-server': () => [gate.pid] }) };
    return await tried({ route, credential, size, shot, pids });
  }
  const session = server === 'hub' ? await openSession(stack, pathOf(server), own) : {};
  const shot = {
    url: `http://127.0.0.1:${stack.ports.gateway}${pathOf(server)}`,
    headers: { ...own, ...session },
    body,
  };
  const pids = Object.fromEntries(parts.map((part) => [part, () => pidsOf(stack, part)]));
  return await tried({ route, credential, size, shot, pids });
}

/** An answer that says `no` in its body has the status 200 too. */
async function tried(way: Way): Promise<Way> {
  const { status, text } = await ask(way.shot);
  if (status !== 200 || !text.includes('done')) throw new Error(`${way.route}, ${way.credential}: ${status} ${text}`);
  return way;
}

/** Waits until the hub offers as many tools: the registry reads each server before. */
async function untilOffered(stack: BenchStack, count: number): Promise<void> {
  const headers = headersOf(stack, await callerOf(stack, 'agent', 'all', 'hub'));
  const session = await openSession(stack, pathOf('hub'), headers);
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
  for (const end = performance.now() + 120_000; performance.now() < end; await sleep(200)) {
    const all = await fetch(`${stack.url}/mcp`, { method: 'POST', headers: { ...headers, ...session }, body });
    if (((await all.text()).match(/__tool-/g)?.length ?? 0) >= count) return;
  }
  throw new Error('The hub does not offer all tools of the bench.');
}
