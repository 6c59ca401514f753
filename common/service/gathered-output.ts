import { writeSync } from 'node:fs';
import { setTimeout as later } from 'node:timers';
import type { DestinationStream } from 'pino';

const gatherMilliseconds = 20;
const gatherLetters = 16_000;
const mostWaiting = 16_000_000;
const retryMilliseconds = 50;
const longestExitMilliseconds = 1_000;
const nothing = Buffer.alloc(0);

/** Where lines go: `write` returns at once, `flushSync` when what waits has been written or cannot be. */
export interface GatheredOutput extends DestinationStream {
  flushSync(): void;
}

/**
 * A file descriptor, some milliseconds later and many lines at once: a write for each line would cost a request more than
 * its decision. What waits is written at exit; of a process that is killed at once, the last 20 ms are lost.
 *
 * Not pino's own destination (sonic-boom 4.2): at exit it writes to a reader that has gone again and again, for ever, and
 * the process never ends. Nor does it bound what waits for a reader that has stopped to read.
 * @param fd must not block where it is a pipe or a socket (see `standardOutput` in log.ts)
 * @param lost a line that says how many were dropped, because 16 MB of them waited
 */
export function gatherOutput(fd: number, lost: (lines: number) => string): GatheredOutput {
  let waiting = '';
  /** What is being written. It may begin in the middle of a line, so it has to go out before anything else. */
  let rest = nothing;
  let dropped = 0;
  let isTimed = false;
  let isGone = false;

  /** @returns whether the reader has taken everything, or is gone */
  const push = (): boolean => {
    try {
      while (!isGone && (rest.length > 0 || waiting !== '')) {
        if (rest.length === 0) {
          rest = Buffer.from(dropped > 0 ? waiting + lost(dropped) : waiting);
          waiting = '';
          dropped = 0;
        }
        rest = rest.subarray(writeSync(fd, rest));
      }
    } catch (error) {
      if (passes.has((error as NodeJS.ErrnoException).code ?? '')) return false;
      // Nobody reads any more: a service goes on without its log, as it does when a terminal is closed.
      isGone = true;
      waiting = '';
      rest = nothing;
    }
    return true;
  };
  const send = () => {
    isTimed = false;
    if (push()) return;
    isTimed = true;
    // This one keeps the process: what is written slowly is to be written to the end.
    later(send, retryMilliseconds);
  };
  const output: GatheredOutput = {
    write(line) {
      if (isGone) return;
      if (waiting.length > mostWaiting) {
        dropped++;
        return;
      }
      waiting += line;
      if (rest.length === 0 && waiting.length >= gatherLetters) push();
      if (isTimed || (waiting === '' && rest.length === 0)) return;
      isTimed = true;
      later(send, gatherMilliseconds).unref();
    },
    flushSync() {
      const until = performance.now() + longestExitMilliseconds;
      while (!push() && performance.now() < until) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    },
  };
  process.on('exit', output.flushSync);
  return output;
}

/** The reader is behind, or there is no room for a file: that passes. */
const passes: ReadonlySet<string> = new Set(['EAGAIN', 'ENOSPC', 'EDQUOT', 'EFBIG']);
