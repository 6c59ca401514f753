import { usualLimits } from '../common/answers/limits.ts';

/**
 * What the relay holds at most, in bytes and numbers. All of it together must fit into the memory that docker-compose.yml
 * and deploy/ give to it, which tests/unit/deploy/memory.test.ts checks.
 */
export const relayLimits = {
  /** Requests and answers that are being read, of all servers and of one. */
  heldBytes: 96 * 1024 * 1024,
  heldBytesOfServer: 48 * 1024 * 1024,
  /** Open streams, of all callers and of one. */
  streams: 5_000,
  streamsOfOwner: 1_000,
  /** What an idle stream takes, by measurement (`npm run bench:relay`). */
  bytesOfStream: 46 * 1024,
  /** The process without any work. */
  idleBytes: 110 * 1024 * 1024,
};

/** Longer error texts of servers are cut. */
export const longestErrorText = 4_096;

/** A list of tasks is compared with the store. The auth-server takes no more ids at once. */
export const mostTasks = 1_000;

/** Bounds on one answer or event. @param bytes `MAX_LIST_BYTES` */
export function answerLimits(bytes: number) {
  return { ...usualLimits, bytes };
}
