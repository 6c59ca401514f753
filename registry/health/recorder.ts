import { randomUUID } from 'node:crypto';
import type { Logger } from '../../common/service/log.ts';
import type { Observation, Observations, StoredHealth } from '../store/observations.ts';

export type Recorder = ReturnType<typeof createRecorder>;

/** If the registry with the lease dies, servers stay unchecked for this long. */
const leaseMilliseconds = 20_000;
/** How much the clocks of registries may differ. */
const skewMilliseconds = 10_000;
const mostWaiting = 20_000;
const mostSamples = 100;

/**
 * Stores the results of all servers in one transaction every few seconds, because each transaction waits for the disk. Of
 * several registries over one database, one holds the lease to check; the others read its results.
 * @param onFound receives what other registries have found
 */
export function createRecorder(
  observations: Observations,
  log: Logger,
  now: () => Date,
  onFound: (found: readonly StoredHealth[]) => void,
) {
  const me = randomUUID();
  let waiting = new Map<string, Observation>();
  let lease = false;
  let readUntil: Date | undefined;
  const add = (later: Observation) => {
    const earlier = waiting.get(later.server);
    waiting.set(later.server, earlier?.target === later.target ? merge(earlier, later) : later);
  };
  const store = async () => {
    const batch = waiting;
    waiting = new Map();
    try {
      await observations.add([...batch.values()], now());
    } catch (error) {
      const since = waiting;
      waiting = batch.size < mostWaiting ? batch : new Map();
      for (const later of since.values()) add(later);
      throw error;
    }
  };
  const load = async () => {
    if (lease && readUntil) return;
    const until = now();
    onFound(await observations.read(readUntil && new Date(readUntil.getTime() - skewMilliseconds)));
    readUntil = until;
  };
  return {
    add,
    /** Whether this registry holds the lease to check all servers. */
    hasLease: () => lease,
    /** Acquires or renews the lease, stores what was found, and loads what others found. Never throws. */
    async run(): Promise<void> {
      try {
        await load();
        lease = await observations.takeLease(me, leaseMilliseconds, now());
        if (waiting.size > 0) await store();
      } catch (err) {
        log.warn({ err }, 'the health of servers could not be stored; the registry will try again');
      }
    },
  };
}

function merge(earlier: Observation, later: Observation): Observation {
  return {
    ...later,
    answer: later.answer ?? earlier.answer,
    events: [...earlier.events, ...later.events].slice(-mostSamples),
    samples: [...earlier.samples, ...later.samples].slice(-mostSamples),
  };
}
