import { setTimeout as sleep } from 'node:timers/promises';

/** A process of the gateway, by the address of its metrics. */
export interface Part {
  name: string;
  metrics: URL;
}

/** A process as its metrics show it. */
interface Sample {
  /** Seconds since 1970. */
  started: number;
  cpuSeconds: number;
  bytes: number;
}

/** What happened to a process while it was watched. */
export interface PartReport {
  name: string;
  /** How many times it was replaced by a new process or did not answer. */
  died: number;
  cpuSeconds: number;
  /** The most memory that it was seen with. */
  mostBytes: number;
}

/** A process that is only busy answers within this time. */
const patienceMilliseconds = 20_000;

/**
 * Watches the processes until `stop`. Those that do not answer at the start are not watched.
 * @param every time from one look to the next, in milliseconds
 */
export async function watchParts(parts: readonly Part[], every: number) {
  const first = await Promise.all(parts.map(async (part) => ({ part, sample: await sampleOf(part, 3_000) })));
  const end = new AbortController();
  const watched = first.flatMap(({ part, sample }) => {
    if (!sample) return [];
    const state = { part, last: sample, report: { name: part.name, died: 0, cpuSeconds: 0, mostBytes: sample.bytes } };
    return [{ ...state, running: follow(state, every, end.signal) }];
  });
  return {
    /** The names of those that are watched. */
    names: watched.map(({ part }) => part.name),
    /** What happened so far. */
    reports: (): PartReport[] => watched.map(({ report }) => ({ ...report })),
    async stop(): Promise<void> {
      end.abort();
      await Promise.all(watched.map(({ running }) => running));
    },
  };
}

type State = { part: Part; last: Sample; report: PartReport };

async function follow(state: State, every: number, signal: AbortSignal): Promise<void> {
  const { part, report } = state;
  let isDown = false;
  while (!signal.aborted) {
    await sleep(every, undefined, { signal }).catch(() => undefined);
    const now = await sampleOf(part, patienceMilliseconds);
    if (!now) {
      if (!isDown && !signal.aborted) report.died++;
      isDown = true;
      continue;
    }
    const isNew = now.started !== state.last.started;
    if (isNew && !isDown) report.died++;
    isDown = false;
    report.cpuSeconds += now.cpuSeconds - (isNew ? 0 : state.last.cpuSeconds);
    report.mostBytes = Math.max(report.mostBytes, now.bytes);
    state.last = now;
  }
}

async function sampleOf({ metrics }: Part, milliseconds: number): Promise<Sample | undefined> {
  try {
    const answer = await fetch(metrics, { signal: AbortSignal.timeout(milliseconds) });
    const text = await answer.text();
    const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    return {
      started: value('process_start_time_seconds'),
      cpuSeconds: value('process_cpu_seconds_total'),
      bytes: value('process_resident_memory_bytes'),
    };
  } catch {
    return undefined;
  }
}
