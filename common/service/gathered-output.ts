import { writeSync } from 'node:fs';
import { setTimeout as later } from 'node:timers';
import type { DestinationStream } from 'pino';

const gatherMilliseconds = 20;
const gatherLetters = 16_000;
const mostWaiting = 16_000_000;
const retryMilliseconds = 50;
const longestExitMilliseconds = 1_000;
const nothing = Buffer.alloc(0);

/** Where lines go: `write` returns at once; `flushSync` returns when the buffered lines have been written, or cannot be. */
export interface GatheredOutput extends DestinationStream {
  flushSync(): void;
}

/**
 * Buffers lines for some milliseconds and writes many at once: a write for each line would cost a request more than its
 * decision. Buffered lines are written at exit; a process that is killed loses those of the last 20 ms.
 *
 * pino's own destination (sonic-boom 4.2) does not do: at exit it retries for ever to write to a reader that has gone, and
 * the process never ends. It also does not limit the buffer for a reader that has stopped reading.
 * @param fd must not block if it is a pipe or a socket (see `standardOutput` in log.ts)
 * @param lost makes the line that reports how many lines were dropped because 16 MB were waiting
 */
export function gatherOutput(fd: number, lost: (lines: number) => string): GatheredOutput {
  let waiting = '';
  /** What is being written. It may begin in the middle of a line, so it must be written before anything else. */
  let rest = nothing;
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
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
      // The reader has gone: the service continues without its log, as it does when a terminal is closed.
      isGone = true;
      waiting = '';
      rest = nothing;
    }
    return true;
  };
  const send = () => {
    // A timer that keeps the process alive, so that a slow reader gets every line.
    timer = push() ? undefined : later(send, retryMilliseconds);
  };
  const output: GatheredOutput = {
    write(line) {
      if (isGone) return;
      if (waiting.length > mostWaiting) {
        dropped++;
        return;
      }
      waiting += line;
      if (rest.length === 0 && waiting.length >= gatherLetters && !push()) timer?.ref();
      if (timer || (waiting === '' && rest.length === 0)) return;
      timer = later(send, gatherMilliseconds);
      if (rest.length === 0) timer.unref();
    },
    flushSync() {
      const until = performance.now() + longestExitMilliseconds;
      while (!push() && performance.now() < until) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    },
  };
  process.on('exit', output.flushSync);
  return output;
}

/** Temporary: the reader is behind, or the disk is full. */
const passes: ReadonlySet<string> = new Set(['EAGAIN', 'ENOSPC', 'EDQUOT', 'EFBIG']);
