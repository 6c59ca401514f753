import { write, writeSync } from 'node:fs';
import { setTimeout as later } from 'node:timers';
import type { DestinationStream } from 'pino';

const gatherMilliseconds = 20;
const gatherLetters = 16_000;
const mostWaiting = 16_000_000;
const retryMilliseconds = 50;
const longestExitMilliseconds = 1_000;

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
 * @param fd 1 is standard output
 * @param lost a line that says how many were dropped, because 16 MB of them waited
 */
export function gatherOutput(fd: number, lost: (lines: number) => string): GatheredOutput {
  let waiting = '';
  let dropped = 0;
  let isWriting = false;
  let isTimed = false;
  let isGone = false;

  const send = () => {
    isTimed = false;
    if (isWriting || isGone || waiting === '') return;
    isWriting = true;
    const bytes = Buffer.from(dropped > 0 ? waiting + lost(dropped) : waiting);
    waiting = '';
    dropped = 0;
    writeOn(bytes);
  };
  const writeOn = (bytes: Buffer) => {
    write(fd, bytes, (error, written) => {
      if (error && !isBusy(error)) {
        // Nobody reads any more: a service goes on without its log, as it does when a terminal is closed.
        isGone = true;
        waiting = '';
        return;
      }
      if (error) return void later(() => writeOn(bytes), retryMilliseconds);
      if (written < bytes.length) return writeOn(bytes.subarray(written));
      isWriting = false;
      if (waiting.length >= gatherLetters) send();
      else if (waiting !== '') wake();
    });
  };
  const wake = () => {
    if (isTimed) return;
    isTimed = true;
    later(send, gatherMilliseconds).unref();
  };
  const output: GatheredOutput = {
    write(line) {
      if (isGone) return;
      if (waiting.length > mostWaiting) {
        dropped++;
        return;
      }
      waiting += line;
      if (waiting.length >= gatherLetters) send();
      else wake();
    },
    flushSync() {
      if (isGone || waiting === '') return;
      const bytes = Buffer.from(waiting);
      waiting = '';
      isGone = !writeNow(fd, bytes);
    },
  };
  process.on('exit', output.flushSync);
  return output;
}

/** @returns whether anybody reads */
function writeNow(fd: number, bytes: Buffer): boolean {
  const until = performance.now() + longestExitMilliseconds;
  for (let done = 0; done < bytes.length && performance.now() < until; ) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      if (!isBusy(error as NodeJS.ErrnoException)) return false;
    }
  }
  return true;
}

function isBusy({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EAGAIN';
}
