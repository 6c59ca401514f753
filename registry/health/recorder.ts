import { randomUUID } from 'node:crypto';
import type { Logger } from '../../common/service/log.ts';
import type { Kept, Observation, Observations } from '../store/observations.ts';

export interface RecorderOptions {
  observations: Observations;
  log: Logger;
  now: () => Date;
  /** Told of what another registry has found. */
  onFound: (kept: readonly Kept[]) => void;
}

/** Keeps what checks find, and brings what other registries have found. */
export interface Recorder {
  add(observation: Observation): void;
  /** Whether this registry has the duty to check all servers. */
  hasDuty(): boolean;
  /** Everything that is due: takes or holds the duty, keeps what was found, hears what others found. Never throws. */
  turn(): Promise<void>;
}

/** A registry that dies with the duty leaves the servers unchecked for no longer. */
const dutyMilliseconds = 20_000;
/** Clocks of registries may differ by so much. */
const skewMilliseconds = 10_000;
const mostWaiting = 20_000;

/**
 * What checks find is kept in one transaction every few seconds, whatever the number of servers: each transaction waits
 * for the disk. With several registries over one database, one has the duty to check; the others read what it found.
 */
export function createRecorder({ observations, log, now, onFound }: RecorderOptions): Recorder {
  const me = randomUUID();
  let waiting = new Map<string, Observation>();
  let duty = false;
  let heardUntil: Date | undefined;
  const put = (later: Observation) => {
    const earlier = waiting.get(later.server);
    waiting.set(later.server, earlier?.target === later.target ? merge(earlier, later) : later);
  };
  const keep = async () => {
    const batch = waiting;
    waiting = new Map();
    try {
      await observations.keep([...batch.values()], now());
    } catch (error) {
      const since = waiting;
      waiting = batch.size < mostWaiting ? batch : new Map();
      for (const later of since.values()) put(later);
      throw error;
    }
  };
  const hear = async () => {
    if (duty && heardUntil) return;
    const until = now();
    onFound(await observations.read(heardUntil && new Date(heardUntil.getTime() - skewMilliseconds)));
    heardUntil = until;
  };
  return {
    add: put,
    hasDuty: () => duty,
    async turn() {
      try {
        await hear();
        duty = await observations.takeDuty(me, dutyMilliseconds, now());
        if (waiting.size > 0) await keep();
      } catch (err) {
        log.warn({ err }, 'the health of servers could not be kept; it is tried again');
      }
    },
  };
}

const mostSamples = 100;

function merge(earlier: Observation, later: Observation): Observation {
  return {
    ...later,
    seen: later.seen ?? earlier.seen,
    events: [...earlier.events, ...later.events].slice(-mostSamples),
    samples: [...earlier.samples, ...later.samples].slice(-mostSamples),
  };
}
