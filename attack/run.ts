import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './answer.ts';
import type { Case, Context, Credentials, Need, Target, Trap } from './case.ts';
import { accounts } from './cases/accounts.ts';
import { approvals } from './cases/approvals.ts';
import { bodies } from './cases/bodies.ts';
import { brokers } from './cases/brokers.ts';
import { controls as ofTheGate } from './cases/controls.ts';
import { forgedCredentials } from './cases/forged.ts';
import { http } from './cases/http.ts';
import { internalEndpoints } from './cases/internal.ts';
import { login } from './cases/login.ts';
import { loginsOfClients } from './cases/oauth/chapter.ts';
import { clientControls } from './cases/oauth/controls.ts';
import { paths } from './cases/paths.ts';
import { permissions } from './cases/permissions.ts';
import { personalControl, personalTokens } from './cases/personal.ts';
import { redirections } from './cases/redirects.ts';
import { requests } from './cases/requests.ts';
import { otherCallers } from './cases/sessions.ts';
import { send, sendBytes } from './raw.ts';
import { newVisitor } from './visitor.ts';

/** The target and the attacker. */
export interface Attacker {
  target: Target;
  credentials: Credentials;
  signIn?: Context['signIn'];
}

/** How a case ended: `through` is a failure of an attack case and a success of a control. */
export interface Outcome {
  theme: string;
  name: string;
  source: string;
  verdict: 'refused' | 'through' | 'skipped';
  /** For a skipped case what is missing; for a broken one the error. */
  why?: string;
  answers: readonly Answer[];
}

/** All outcomes of one run. */
export interface Outcomes {
  attacks: Outcome[];
  controls: Outcome[];
}

/** Every attack, in the order of the report. */
export const allAttacks: readonly Case[] = [
  ...forgedCredentials,
  ...permissions,
  ...otherCallers,
  ...bodies,
  ...paths,
  ...http,
  ...internalEndpoints,
  ...login,
  ...redirections,
  ...loginsOfClients,
  ...personalTokens,
  ...brokers,
  ...accounts,
  ...approvals,
  ...requests,
];
const controls: readonly Case[] = [...ofTheGate, ...clientControls, personalControl];
const atOnce = 6;
const longestMilliseconds = 50_000;
const mostTries = 5;
const restMilliseconds = 250;

/**
 * Sends every attack to a gateway, with the controls before and after.
 * An attack that fails to run or runs out of time counts as through, because nothing proves that it was refused.
 * @param attacks which ones
 */
export async function run({ target, credentials, signIn }: Attacker, attacks = allAttacks): Promise<Outcomes> {
  const trap = await openTrap();
  const left: (() => Promise<unknown>)[] = [];
  const ctx: Context = {
    target,
    credentials,
    signIn,
    trap,
    registration: await offersRegistration(target.url),
    personalTokens: (await send(target.url, { method: 'GET', path: '/oauth2/personal-token' })).status !== 404,
    send: (sent) => send(target.url, sent),
    sendBytes: (pieces) => sendBytes(target.url, pieces),
    atEnd: (work) => void left.push(work),
    visitor: () => newVisitor((sent) => send(target.url, sent)),
  };
  const until = performance.now() + longestMilliseconds;
  try {
    const before = await runAll(controls, ctx, until);
    const outcomes = await runAll(attacks, ctx, until);
    const after = await runAll(controls, ctx, Number.POSITIVE_INFINITY);
    const afterwards = after.map((outcome) => ({ ...outcome, name: `${outcome.name}, after all attacks` }));
    return { attacks: outcomes, controls: [...before, ...afterwards] };
  } finally {
    await Promise.allSettled(left.map((work) => work()));
    await trap.close();
  }
}

async function runAll(cases: readonly Case[], ctx: Context, until: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = cases.map((item, index) => ({ item, index }));
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      outcomes[next.index] = await runOne(next.item, ctx, until);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return outcomes;
}

async function runOne(item: Case, ctx: Context, until: number): Promise<Outcome> {
  const { theme, name, source } = item;
  const isControl = source === 'control';
  const missing = item.needs.filter((need) => !has(ctx, need));
  if (missing.length > 0)
    return { theme, name, source, verdict: 'skipped', why: `no ${missing.join(', ')}`, answers: [] };
  const lost: Pick<Outcome, 'verdict'> = { verdict: isControl ? 'refused' : 'through' };
  if (performance.now() > until) return { theme, name, source, ...lost, why: 'out of time', answers: [] };
  try {
    let answers = await item.send(ctx);
    // On a busy machine the gateway may answer "try again"; the last try must be refused too.
    for (let tries = 1; tries < mostTries && answers.some(({ status }) => status === 503 || status === -1); tries++) {
      await sleep(tries * restMilliseconds);
      answers = await item.send(ctx);
    }
    const through = answers.length === 0 ? !isControl : item.through(answers, ctx);
    return { theme, name, source, verdict: through ? 'through' : 'refused', answers };
  } catch (error) {
    return { theme, name, source, ...lost, why: error instanceof Error ? error.message : String(error), answers: [] };
  }
}

function has({ credentials, signIn, registration, personalTokens }: Context, need: Need): boolean {
  if (need === 'caller') return credentials.token !== undefined || credentials.cookie !== undefined;
  if (need === 'signIn') return signIn !== undefined;
  if (need === 'registration') return registration;
  if (need === 'personalTokens') return personalTokens;
  return credentials[need] !== undefined;
}

async function offersRegistration(url: URL): Promise<boolean> {
  const { body } = await send(url, { method: 'GET', path: '/.well-known/oauth-authorization-server' });
  return body.includes('"registration_endpoint"');
}

async function openTrap(): Promise<Trap & { close(): Promise<void> }> {
  let hits = 0;
  const server = createServer((_req, res) => {
    hits++;
    res.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":[]}');
  });
  // A connection is enough: what comes over it may be TLS.
  server.on('connection', () => hits++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    hits: () => hits,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
