import { usualLimits } from '../../common/answers/limits.ts';

/** What the relay holds at most, in bytes. Its streams get the rest of its memory. */
export const relayMemory = {
  /** Requests and answers that are being read, of all servers. One alone gets half. */
  held: 96 * 1024 * 1024,
  /** An idle stream, by measurement (`npm run bench:scale`). */
  stream: 46 * 1024,
  /** The process without any work. */
  idle: 110 * 1024 * 1024,
};

const fewestStreams = 200;
const mostStreams = 50_000;

/**
 * How many streams fit into the relay's memory.
 * @param memory in bytes: what the container may use, or the machine has
 */
export function streamsIn(memory: number): number {
  const { held, idle, stream } = relayMemory;
  return Math.min(mostStreams, Math.max(fewestStreams, Math.floor((memory - idle - held) / stream)));
}

/** Longer error texts of servers are cut. */
export const longestErrorText = 4_096;

/** A list of tasks is compared with the store. The auth-server takes no more ids at once. */
export const mostTasks = 1_000;

/** Bounds on one answer or event. @param bytes `MAX_LIST_BYTES` */
export function answerLimits(bytes: number) {
  return { ...usualLimits, bytes };
}
