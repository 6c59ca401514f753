import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../case.ts';
import type { Outcome } from '../run.ts';
import { type Behaviour, type Kind, victimName } from './behaviours/behaviour.ts';
import { type BystanderCookies, bystandersOf, type Met, watchApart } from './bystanders.ts';
import { type Clients, canary, sessionAtVictim, use } from './clients.ts';
import { type Part, type PartReport, watchParts } from './parts.ts';
import { type Administrator, register } from './registration.ts';
import { type HostileServer, startHostileServer } from './server.ts';

/** What the run needs. */
export interface Plan {
  /** An honest server, and a tool of it, that the bystanders use. */
  target: Target;
  /** The registered server whose place the hostile one takes. */
  place: string;
  /** Tokens of the hostile server's callers: one who may only list, and one who may do everything. */
  few: string;
  many: string;
  bystanders: BystanderCookies;
  administrator: Administrator;
  signIn: Clients['signIn'];
  parts: readonly Part[];
  kinds: readonly Kind[];
  /** How bystanders and parts are watched, for a run whose times do not matter. */
  watch?: typeof usualWatch;
  /** Ends the run early; everything is put back. */
  signal: AbortSignal;
}

/** What happened while the server behaved in ways of one kind. */
export interface KindReport {
  name: string;
  outcomes: Outcome[];
  bystanders: Met[];
  parts: PartReport[];
}

/** Everything that a run found. */
export interface HostileReport {
  /** What the bystanders met before. */
  before: Met[];
  kinds: KindReport[];
  /** Parts that were not watched, because their metrics did not answer. */
  unwatched: string[];
  /** Why the registry is not as it was; undefined if it is. */
  leftBehind?: string | undefined;
}

/**
 * In milliseconds: how long bystanders are watched before the attack, how long each waits between two requests, and the time
 * between two looks at the parts. The first requests to a gateway are slow.
 */
const usualWatch = { warmUp: 1_500, before: 5_000, pause: 40, looks: 250 };
/** So that what one behaviour left behind does not count for the next. */
const restMilliseconds = 150;

/**
 * Registers hostile servers at a gateway, lets callers use them, and watches what happens to these callers, to others and
 * to the gateway. Puts the registry back as it was.
 * @throws {Error} if the registry refuses the servers
 */
export async function runHostile(plan: Plan): Promise<HostileReport> {
  const { target, place, few, many, administrator } = plan;
  const [hostile, victim] = await Promise.all([startHostileServer(), startHostileServer()]);
  try {
    const registration = await register(administrator, place, hostile.url, victim.url);
    const clients: Clients = { url: target.url, server: place, few, many, signIn: plan.signIn, registration };
    let report: HostileReport | undefined;
    let leftBehind: string | undefined;
    try {
      report = await runKinds(plan, clients, hostile, victim);
    } finally {
      hostile.behave(undefined);
      await registration.undo().catch((error: unknown) => {
        leftBehind = `${place} and ${victimName} are not as they were: ${error instanceof Error ? error.message : error}`;
      });
    }
    return { ...report, leftBehind };
  } finally {
    await Promise.all([hostile.close(), victim.close()]);
  }
}

async function runKinds(
  plan: Plan,
  clients: Clients,
  hostile: HostileServer,
  victim: HostileServer,
): Promise<HostileReport> {
  const { target, signal } = plan;
  const bystanders = bystandersOf(target, plan.bystanders);
  const { warmUp, before: beforeMilliseconds, pause, looks } = plan.watch ?? usualWatch;
  const watchUntil = (over: AbortSignal) => watchApart(target.url, bystanders, pause, over);
  const watchFor = (milliseconds: number) => watchUntil(AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]));
  await watchFor(warmUp);
  const before = await watchFor(beforeMilliseconds);
  const kinds: KindReport[] = [];
  const watched = new Set<string>();
  for (const kind of plan.kinds) {
    if (signal.aborted) break;
    const parts = await watchParts(plan.parts, looks);
    for (const name of parts.names) watched.add(name);
    const over = new AbortController();
    const met = watchUntil(over.signal);
    const outcomes: Outcome[] = [];
    for (const behaviour of kind.behaviours) {
      if (!signal.aborted) outcomes.push(await runOne(kind, behaviour, clients, hostile, victim));
    }
    over.abort();
    const bystandersMet = await met;
    await parts.stop();
    kinds.push({ name: kind.name, outcomes, bystanders: bystandersMet, parts: parts.reports() });
  }
  const unwatched = plan.parts.flatMap(({ name }) => (watched.has(name) || kinds.length === 0 ? [] : [name]));
  return { before, kinds, unwatched };
}

async function runOne(
  kind: Kind,
  behaviour: Behaviour,
  clients: Clients,
  hostile: HostileServer,
  victim: HostileServer,
): Promise<Outcome> {
  const { name, uses, lasts } = behaviour;
  const outcome = { theme: kind.name, name, source: 'hostile server' };
  const led = () => victim.bodies.filter((body) => body.includes(canary)).length;
  const before = led();
  try {
    const isAlive = await sessionAtVictim(clients, clients.many);
    hostile.behave(behaviour);
    const used = await Promise.all(uses.map((what) => use(clients, what, lasts)));
    hostile.behave(undefined);
    await sleep(restMilliseconds);
    const through = used.flatMap((one, index) => one.through.map((what) => `${uses[index]}: ${what}`));
    if (led() > before) through.push('a client of the hostile server was led to another one');
    if (!(await isAlive())) through.push('a caller lost the session at another server');
    const answers = used.slice(0, 4).flatMap((one) => one.answers);
    return {
      ...outcome,
      verdict: through.length > 0 ? 'through' : 'refused',
      ...(through.length > 0 && { why: [...new Set(through)].slice(0, 3).join('; ') }),
      answers: answers.map((one) => ({ ...one, headers: {} })),
    };
  } catch (error) {
    hostile.behave(undefined);
    return { ...outcome, verdict: 'through', why: error instanceof Error ? error.message : String(error), answers: [] };
  }
}
