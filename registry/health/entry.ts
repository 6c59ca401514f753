import type { Logger } from '../../common/service/log.ts';
import { canonical } from '../servers/definition.ts';
import type { ObservedServer } from '../servers/self-description.ts';
import type { ServerEntry } from '../servers/server.ts';
import { type Health, neverChecked, type Status } from '../servers/server-health.ts';
import type { LastAnswer, Observation, StoredHealth, StoredState } from '../store/observations.ts';
import type { KeptConnection } from './probe/kept-connection.ts';
import type { Turn } from './queue.ts';
import { type Finding, isSlow, isUnstable, stateAfter } from './verdict.ts';

/** A server to monitor. Only an enabled one is checked, and no set; a new revision is checked at once. */
export type Monitored = ServerEntry & { enabled?: boolean; revision?: number; members?: readonly unknown[] | null };

/** What the monitor knows about one server. */
export interface Entry extends Turn {
  target: string;
  revision: number | undefined;
  checkedAt: Date | undefined;
  state: StoredState | undefined;
  answer: (LastAnswer & { at: Date; text: string }) | undefined;
  running: Promise<void> | undefined;
  /** What the last check over Streamable HTTP has kept for the next one. */
  kept: KeptConnection | undefined;
}

/** The result of a check. */
export interface CheckResult {
  finding: Finding;
  observed: ObservedServer | undefined;
  cause: unknown;
  tookMs: number;
}

/** Makes an entry for an unknown server, which is due at once. */
export function newEntry(target: string, revision: number | undefined): Entry {
  const unknown = { checkedAt: undefined, state: undefined, answer: undefined, running: undefined, kept: undefined };
  return { target, revision, dueAt: 0, isSlow: false, isRunning: false, ...unknown };
}

/** Copies stored health into an entry. */
export function restore(entry: Entry, { checkedAt, state, answer }: StoredHealth): void {
  Object.assign(entry, { checkedAt, state, answer: answer && { ...answer, text: textOf(answer) } });
}

/**
 * Updates an entry with the result of a check.
 * @returns what to store of it
 */
export function update(entry: Entry, server: string, { finding, observed }: CheckResult, at: Date): Observation {
  const before = entry.state;
  const state = stateAfter(before, finding, at);
  const answer = observed && mergeAnswer(entry.answer, observed, at);
  const isNew = answer !== undefined && answer.text !== entry.answer?.text;
  const hasChanged =
    before?.status !== state.status || before.error !== state.error || isSlow(before) !== isSlow(state);
  const { latencyMs, error: reason } = state;
  const event = { at, state: shownState(state), latencyMs, reason };
  Object.assign(entry, { checkedAt: at, state, answer: answer ?? entry.answer });
  return {
    server,
    target: entry.target,
    checkedAt: at,
    state,
    answer: isNew ? { tools: answer.tools, announced: answer.announced, at } : undefined,
    events: hasChanged ? [event] : [],
    samples: [{ at, ok: finding.status === 'healthy', ms: latencyMs ?? 0 }],
  };
}

/** A list that could not be read this time keeps its last value, so that pages do not lose it. */
function mergeAnswer(before: Entry['answer'], { tools, ...observed }: ObservedServer, at: Date) {
  const old = before?.announced;
  const announced = {
    ...observed,
    prompts: observed.prompts ?? old?.prompts ?? [],
    resources: observed.resources ?? old?.resources ?? [],
    resourceTemplates: observed.resourceTemplates ?? old?.resourceTemplates ?? [],
  };
  const answer = { tools: tools?.map(({ info }) => info) ?? before?.tools ?? [], announced };
  const text = textOf(answer);
  // Keeps the old objects if nothing changed, so that callers can compare by identity.
  return before?.text === text ? { ...before, at } : { ...answer, text, at };
}

function textOf({ tools, announced }: LastAnswer): string {
  return canonical({ tools, announced });
}

/** The health of a server, as shown to users. */
export function toHealth(entry: Entry | undefined): Health {
  if (!entry?.state) return neverChecked;
  const { state, checkedAt = null, answer } = entry;
  const { status, error, latencyMs, checks, since } = state;
  const said = { announced: answer?.announced ?? null, seenAt: answer?.at ?? null };
  const details = {
    unstable: isUnstable(state),
    slow: isSlow(state),
    latencyMs,
    checks,
    since: new Date(since),
    ...said,
  };
  return { status, checkedAt, error, tools: answer?.tools ?? [], details };
}

function shownState(state: StoredState): Status | 'unstable' | 'slow' {
  if (isUnstable(state)) return 'unstable';
  return isSlow(state) ? 'slow' : state.status;
}

/** Logs a change of a server's state. */
export function logChange(log: Logger, server: string, { state }: Entry, thrown: unknown): void {
  if (!state) return;
  const { status, error: reason } = state;
  const cause = status === 'healthy' && reason === null ? undefined : String(thrown ?? '') || undefined;
  const line = { server, status, reason, cause };
  if (status === 'unhealthy') log.warn(line, 'server is unhealthy');
  else log.info(line, `server is ${shownState(state)}`);
}

/** Ends what a check has kept: the next check begins with the handshake. */
export async function dropKept(entry: Entry): Promise<void> {
  const { kept } = entry;
  entry.kept = undefined;
  await kept?.end();
}
