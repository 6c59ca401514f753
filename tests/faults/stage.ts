import { setTimeout as sleep } from 'node:timers/promises';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { type OpenStream, openStream } from '../support/gateway/open-stream.ts';
import { send } from '../support/gateway/send.ts';
import { until } from '../support/listen.ts';
import { type Callers, callersOf, forbidden } from './callers.ts';
import { type Load, type Result, startLoad, wronglyAllowed } from './load.ts';
import type { Outcome } from './table.ts';

/** A fault: how the test causes and undoes it, and what callers may see of it. */
export interface Fault {
  /** Its name in the table of docs/operations/failures.md. */
  what: string;
  begin: () => unknown;
  /** How long the fault lasts, in milliseconds. */
  lasts: number;
  /** Undoes the fault. Missing if it ends by itself. */
  end?: () => unknown;
  /** Denials that callers may see beyond the expected ones, such as `503 store_unavailable`. */
  refusals: readonly string[];
  /** Answers that only the test tries, not the load, as the table shows them. */
  also?: string;
  /** What may be lost: `open streams` or `lines of the decision log`, nothing else. */
  mayLose?: readonly string[];
  /** Set if a person's stream ends by itself in this time: the test then checks only the agent's stream. */
  onlyAgentStreams?: true;
  /** Seconds after which the denials stop although the fault lasts. */
  settles?: number;
  /** Seconds until full recovery, counted from the end of `lasts`. */
  within: number;
}

/** A gateway with a steady load. */
export interface Stage {
  gateway: Gateway;
  callers: Callers;
  load: Load;
  /** Causes a fault and returns its outcome. Throws at once if a request was allowed that must not be. */
  endure(fault: Fault): Promise<Outcome>;
  stop(): Promise<void>;
}

/** A gap shorter than this does not count, in milliseconds. */
const quietMilliseconds = 1_500;
/** How long to wait for a machine that is busy with something else, before a fault begins. */
const settleMilliseconds = 30_000;

/** @param env settings as in `.env` */
export async function startStage(env: NodeJS.ProcessEnv = {}, more: object[] = []): Promise<Stage> {
  // Turn the throttle off, so that a bad credential always gets its own reason.
  const gateway = await startGateway(
    { AUTH_FAILURES_PER_CREDENTIAL: '0', AUTH_FAILURES_PER_ADDRESS: '0', ...env },
    more,
    { processes: true },
  );
  gateway.echo.answer = (res, { method }) => {
    if (method === 'GET') return void res.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
    res.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","id":1,"result":{}}');
  };
  try {
    const callers = await callersOf(gateway, env);
    const linesBefore = decisionLines(gateway);
    const load = startLoad(gateway.ports.gateway, callers.kinds);
    const stage = { gateway, callers, load };
    return {
      ...stage,
      endure: (fault) => endure(stage, fault, linesBefore),
      async stop() {
        await load.stop();
        await gateway.stop();
      },
    };
  } catch (error) {
    await gateway.stop();
    throw error;
  }
}

async function endure(
  { gateway, callers, load }: Omit<Stage, 'endure' | 'stop'>,
  fault: Fault,
  linesBefore: number,
): Promise<Outcome> {
  await untilRecovered(load, performance.now() + settleMilliseconds);
  const before = await serverNames(gateway, callers);
  const gone = missingLogLines(gateway, load, linesBefore);
  const open = (headers: Record<string, string>) =>
    openStream(gateway.ports.gateway, { method: 'GET', path: '/echo/mcp', headers });
  const listeners = fault.onlyAgentStreams ? [callers.agent] : [callers.agent, callers.person];
  const streams: OpenStream[] = await Promise.all(listeners.map(open));

  const began = performance.now();
  await fault.begin();
  await sleep(fault.lasts);
  const ended = performance.now();
  await fault.end?.();
  await untilRecovered(load, ended + (fault.within + 2) * 1000).catch((error: Error) => {
    const faults = gateway.log.filter((line) => /"level":"(error|fatal)"|Error:/.test(line));
    throw new Error(`${error.message}\n${faults.slice(-8).join('\n')}`);
  });

  const bad = load.unexpected(began);
  const letThrough = wronglyAllowed(load.results);
  const arrived = gateway.echo.seen.filter(({ body }) => body.includes(forbidden));
  expect({ letThrough: letThrough.map(summaryOf), arrived }).toEqual({ letThrough: [], arrived: [] });
  const refused = [...new Set(bad.map(({ got }) => got))].sort();
  expect(refused.filter((each) => !fault.refusals.includes(each))).toEqual([]);
  if (fault.settles !== undefined) {
    expect(load.unexpected(began + fault.settles * 1000, ended).map(summaryOf)).toEqual([]);
  }
  const last = Math.max(...bad.map(({ ended: at }) => at), ended);
  const seconds = (last - ended) / 1000;
  expect(seconds).toBeLessThan(fault.within);
  expect(await serverNames(gateway, callers)).toEqual(before);
  const lost = [
    ...(streams.some((stream) => !stream.isOpen()) ? ['open streams'] : []),
    ...(missingLogLines(gateway, load, linesBefore) > gone ? ['lines of the decision log'] : []),
  ];
  for (const stream of streams) stream.close();
  expect(lost.filter((each) => !fault.mayLose?.includes(each))).toEqual([]);
  return { what: fault.what, allowed: letThrough.length, refused, also: fault.also, seconds, lost };
}

/** Drops the headers, which contain credentials. */
function summaryOf({ kind, got }: Result): string {
  return `${kind.name}: ${got}`;
}

/** Waits until all answers have been the expected ones for a while. */
async function untilRecovered(load: Load, latest: number): Promise<void> {
  for (;;) {
    await sleep(100);
    const now = performance.now();
    const bad = load.results.filter(({ ended, kind, got }) => ended > now - quietMilliseconds && got !== kind.due);
    const newest = load.results.at(-1);
    if (bad.length === 0 && newest && newest.started > now - 500 && allKindsAnswered(load, now)) return;
    if (now > latest + quietMilliseconds)
      throw new Error(`the gateway did not recover: ${JSON.stringify(bad.slice(-5).map(summaryOf))}`);
  }
}

/** Whether each kind of request was sent and answered recently. */
function allKindsAnswered({ results }: Load, now: number): boolean {
  const kinds = new Set(results.filter(({ started }) => started > now - quietMilliseconds).map(({ kind }) => kind));
  return kinds.size >= new Set(results.map(({ kind }) => kind)).size;
}

async function serverNames({ ports }: Gateway, { person }: Callers): Promise<string[]> {
  let body = '';
  // A busy machine may be too late once.
  await until(async () => {
    const answer = await send(ports.gateway, { method: 'GET', path: '/api/servers', headers: person });
    body = answer.body;
    return answer.status === 200;
  });
  const { servers } = JSON.parse(body) as { servers: { name: string }[] };
  return servers.map(({ name }) => name).sort();
}

function decisionLines({ log }: Gateway): number {
  return log.filter((line) => line.startsWith('auth-server |') && line.includes('"verdict":')).length;
}

/** The number of answers that needed a decision, minus the number of lines in the decision log. */
function missingLogLines(gateway: Gateway, { results }: Load, linesBefore: number): number {
  const undecided = /^lost|^503 (authorization_unavailable|unavailable)$|^\d+ too_many_connections|^40[08]/;
  const decided = results.filter(({ got }) => !undecided.test(got)).length;
  return Math.max(0, decided - (decisionLines(gateway) - linesBefore));
}
