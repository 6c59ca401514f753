import type { Logger } from '../../common/service/log.ts';
import { canonical } from '../servers/definition.ts';
import type { ObservedServer } from '../servers/self-description.ts';
import { type Health, neverChecked } from '../servers/server-health.ts';
import type { Kept, KeptState, LastAnswer, Observation } from '../store/observations.ts';
import type { Turn } from './queue.ts';
import { type Finding, isUnstable, stateAfter } from './verdict.ts';

/** What is known of one server. */
export interface Entry extends Turn {
  target: string;
  revision: number | undefined;
  checkedAt: Date | undefined;
  state: KeptState | undefined;
  seen: (LastAnswer & { at: Date; text: string }) | undefined;
  running: Promise<void> | undefined;
}

/** What a check brought. */
export interface Asked {
  finding: Finding;
  observed: ObservedServer | undefined;
  cause: unknown;
  tookMs: number;
}

/** A server of which nothing is known; it is due. */
export function newEntry(target: string, revision: number | undefined): Entry {
  const unknown = { checkedAt: undefined, state: undefined, seen: undefined, running: undefined };
  return { target, revision, dueAt: 0, isSlow: false, isRunning: false, ...unknown };
}

/** Takes over what was kept. */
export function adopt(entry: Entry, { checkedAt, state, seen }: Kept): void {
  Object.assign(entry, { checkedAt, state, seen: seen && { ...seen, text: textOf(seen) } });
}

/**
 * Takes in what a check brought.
 * @returns what of it is worth keeping
 */
export function learn(entry: Entry, server: string, { finding, observed }: Asked, at: Date): Observation {
  const before = entry.state;
  const state = stateAfter(before, finding, at);
  const seen = observed && withWhatWasRead(entry.seen, observed, at);
  const isNews = seen !== undefined && seen.text !== entry.seen?.text;
  const isOther = before?.status !== state.status || before.error !== state.error;
  const event = {
    at,
    state: isUnstable(state) ? ('unstable' as const) : state.status,
    latencyMs: state.latencyMs,
    reason: state.error,
  };
  const ok = finding.status === 'healthy';
  Object.assign(entry, { checkedAt: at, state, seen: seen ?? entry.seen });
  const { target } = entry;
  return {
    server,
    target,
    checkedAt: at,
    state,
    seen: isNews ? { tools: seen.tools, announced: seen.announced, at } : undefined,
    events: isOther ? [event] : [],
    samples: [{ at, ok, ms: state.latencyMs ?? 0 }],
  };
}

/** A list that could not be read this time stays as it was: pages that forget it help nobody. */
function withWhatWasRead(
  before: Entry['seen'],
  { tools, ...observed }: ObservedServer,
  at: Date,
): NonNullable<Entry['seen']> {
  const old = before?.announced;
  const announced = {
    ...observed,
    prompts: observed.prompts ?? old?.prompts ?? [],
    resources: observed.resources ?? old?.resources ?? [],
    resourceTemplates: observed.resourceTemplates ?? old?.resourceTemplates ?? [],
  };
  const seen = { tools: tools?.map(({ info }) => info) ?? before?.tools ?? [], announced };
  const text = textOf(seen);
  // The same objects again, so that whoever compares by identity sees that nothing is new.
  return before?.text === text ? { ...before, at } : { ...seen, text, at };
}

function textOf({ tools, announced }: LastAnswer): string {
  return canonical({ tools, announced });
}

/** What is shown of it. */
export function toHealth(entry: Entry | undefined): Health {
  if (!entry?.state) return neverChecked;
  const { state, checkedAt = null, seen } = entry;
  const { status, error, latencyMs, checks, since } = state;
  const more = { announced: seen?.announced ?? null, seenAt: seen?.at ?? null };
  const details = { unstable: isUnstable(state), latencyMs, checks, since: new Date(since), ...more };
  return { status, checkedAt, error, tools: seen?.tools ?? [], details };
}

/** Says in the log that a state has become another. */
export function tell(log: Logger, server: string, { state }: Entry, thrown: unknown): void {
  if (!state) return;
  const { status, error: reason } = state;
  const cause = status === 'healthy' && reason === null ? undefined : String(thrown ?? '') || undefined;
  const line = { server, status, reason, cause };
  if (status === 'unhealthy') log.warn(line, 'server is unhealthy');
  else log.info(line, isUnstable(state) ? 'server is unstable' : `server is ${status}`);
}
